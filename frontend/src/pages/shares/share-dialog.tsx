import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { NewShare } from "@/api/prompts";
import { chosenLeaf } from "@/chat/use-conversation";
import { Link } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

export const SHARES_KEY = ["shares"];

interface Props {
  conversationId: string;
  onClose(): void;
}

/** Makes a link to a snapshot of a conversation, and shows it: it is told once. */
export function ShareDialog({ conversationId, onClose }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const [link, setLink] = useState<string | null>(null);
  const share = async (): Promise<void> => {
    const branch = chosenLeaf(conversationId);
    const made = await api.post<NewShare>(
      `/api/conversations/${conversationId}/share`,
      branch ? { message_id: branch } : {},
    );
    setLink(new URL(made.url_path, location.origin).href);
    await queries.invalidateQueries({ queryKey: SHARES_KEY });
  };
  return (
    <Dialog title={t("shares.share")} onClose={onClose} persistent={link !== null}>
      {link === null ? (
        <Form submit={t("shares.make")} onSubmit={share}>
          <p>{t("shares.explain")}</p>
        </Form>
      ) : (
        <div className="stack">
          <p>{t("shares.made")}</p>
          <div className="row">
            <input className="input grow" readOnly value={link} aria-label={t("shares.link")} />
            <CopyButton text={link} label={t("shares.copy")} />
          </div>
          <p className="soft small">
            <Link to="/account/shares">{t("shares.all")}</Link>
          </p>
        </div>
      )}
    </Dialog>
  );
}
