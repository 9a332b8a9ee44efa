import { type ReactNode, useState } from "react";
import type { ListView } from "@/chat/conversations";
import { type Folder, useFolderChanges, useFolders } from "@/chat/folders";
import { explained } from "@/components/form";
import { Icon } from "@/components/icon";
import { Menu, type MenuEntry } from "@/components/menu";
import { NameDialog } from "@/components/name-dialog";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { useImport } from "@/pages/chat/use-import";

interface Props {
  view: ListView;
  onView(view: ListView): void;
}

/** Which conversations are listed: all, a folder's, the archived ones; and what can be done with a folder. */
export function ViewMenu({ view, onView }: Props): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const folders = useFolders();
  const { create, rename, remove } = useFolderChanges();
  const takeFile = useImport();
  const [naming, setNaming] = useState<"new" | Folder | null>(null);
  const current = view.kind === "folder" ? folders.find((folder) => folder.id === view.id) : undefined;
  const entries: MenuEntry[] = [
    { label: t("side.all"), checked: view.kind === "all", onSelect: () => onView({ kind: "all" }) },
    { label: t("side.archived"), checked: view.kind === "archived", onSelect: () => onView({ kind: "archived" }) },
    ...folders.map((folder, index) => ({
      label: folder.name,
      icon: "folder" as const,
      checked: current?.id === folder.id,
      separated: index === 0,
      onSelect: () => onView({ kind: "folder", id: folder.id }),
    })),
    { label: t("side.folder.create"), icon: "plus", separated: true, onSelect: () => setNaming("new") },
    { label: t("side.import"), icon: "upload", onSelect: takeFile },
    ...(current ? folderEntries(current) : []),
  ];
  function folderEntries(folder: Folder): MenuEntry[] {
    return [
      { label: t("side.folder.rename"), icon: "edit", onSelect: () => setNaming(folder) },
      {
        label: t("side.folder.delete"),
        icon: "trash",
        danger: true,
        onSelect: () => {
          onView({ kind: "all" });
          remove.mutateAsync(folder.id).catch((error) => toast(explained(error, t)));
        },
      },
    ];
  }
  return (
    <div className="view-menu">
      <Menu
        label={t("side.view")}
        entries={entries}
        button={(menu) => (
          <button type="button" className="target" {...menu}>
            {view.kind === "archived" ? t("side.archived") : (current?.name ?? t("side.all"))}
            <Icon name="chevronDown" />
          </button>
        )}
      />
      {naming && (
        <NameDialog
          title={t(naming === "new" ? "side.folder.create" : "side.folder.rename")}
          label={t("side.folder.name")}
          value={naming === "new" ? "" : naming.name}
          longest={80}
          onSave={async (name) => {
            if (naming === "new") onView({ kind: "folder", id: (await create.mutateAsync(name)).id });
            else await rename.mutateAsync({ id: naming.id, name });
          }}
          onClose={() => setNaming(null)}
        />
      )}
    </div>
  );
}
