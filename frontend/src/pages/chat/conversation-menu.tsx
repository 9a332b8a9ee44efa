import { type ReactNode, useState } from "react";
import type { Conversation } from "@/api/chat";
import {
  type Changes,
  useChangeConversation,
  useDeleteConversation,
  useRestoreConversation,
} from "@/chat/conversations";
import { exportConversation } from "@/chat/transfer";
import { IconButton } from "@/components/button";
import { explained } from "@/components/form";
import { Menu, type MenuEntry } from "@/components/menu";
import { NameDialog } from "@/components/name-dialog";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { FolderDialog } from "@/pages/chat/folder-dialog";
import { ShareDialog } from "@/pages/shares/share-dialog";
import { navigate } from "@/router";
import { useApi } from "@/session/context";

interface Props {
  conversation: Conversation;
  /** It is the one that is open: deleting it goes elsewhere. */
  current: boolean;
}

/** What can be done with a conversation. Changes are shown at once; deleting can be undone. */
export function ConversationMenu({ conversation, current }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const toast = useToast();
  const [asking, setAsking] = useState<"title" | "folder" | "share" | null>(null);
  const apply = useApply(conversation);
  const remove = useRemove(conversation, current);
  const { pinned, archived } = conversation;
  const entries: MenuEntry[] = [
    { label: t("side.rename"), icon: "edit", onSelect: () => setAsking("title") },
    { label: t(pinned ? "side.unpin" : "side.pin"), icon: "pin", onSelect: () => apply({ pinned: !pinned }) },
    { label: t("side.folder.move"), icon: "folder", onSelect: () => setAsking("folder") },
    {
      label: t(archived ? "side.unarchive" : "side.archive"),
      icon: "archive",
      onSelect: () => apply({ archived: !archived }),
    },
    { label: t("shares.share"), icon: "share", separated: true, onSelect: () => setAsking("share") },
    ...(["markdown", "json"] as const).map((format) => ({
      label: t(`side.export.${format}`),
      icon: "download" as const,
      onSelect: () => void exportConversation(api, conversation, format).catch((error) => toast(explained(error, t))),
    })),
    { label: t("common.delete"), icon: "trash", danger: true, separated: true, onSelect: remove },
  ];
  return (
    <>
      <Menu
        label={t("side.menu", { title: conversation.title })}
        entries={entries}
        button={(menu) => <IconButton icon="more" label={t("side.menu", { title: conversation.title })} {...menu} />}
      />
      {asking === "title" && (
        <NameDialog
          title={t("side.rename")}
          label={t("side.title")}
          value={conversation.title}
          longest={200}
          onSave={(title) => apply({ title })}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "share" && <ShareDialog conversationId={conversation.id} onClose={() => setAsking(null)} />}
      {asking === "folder" && (
        <FolderDialog
          folderId={conversation.folder_id}
          onChoose={(folder_id) => apply({ folder_id })}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function useApply(conversation: Conversation): (changes: Changes) => void {
  const { t } = useWords();
  const toast = useToast();
  const { mutateAsync } = useChangeConversation();
  // Promises, not callbacks: an archived conversation takes its menu with it.
  return (changes) => void mutateAsync({ conversation, changes }).catch((error) => toast(explained(error, t)));
}

function useRemove(conversation: Conversation, current: boolean): () => void {
  const { t } = useWords();
  const toast = useToast();
  const remove = useDeleteConversation();
  const restore = useRestoreConversation();
  const fail = (error: unknown): void => toast(explained(error, t));
  const undo = async (): Promise<void> => {
    await restore.mutateAsync(conversation);
    if (current) navigate(`/c/${conversation.id}`);
  };
  return () => {
    remove.mutateAsync(conversation).catch(fail);
    if (current) navigate("/", { replace: true });
    toast(t("side.deleted", { title: conversation.title }), {
      label: t("common.undo"),
      run: () => void undo().catch(fail),
    });
  };
}
