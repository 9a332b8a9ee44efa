import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Conversation } from "@/api/chat";
import { conversationKey } from "@/chat/conversations";
import { IconButton } from "@/components/button";
import { useTitle } from "@/components/use-title";
import { useWords } from "@/i18n";
import { ConversationMenu } from "@/pages/chat/conversation-menu";
import { useApi } from "@/session/context";

interface Props {
  conversationId: string | null;
  /** The next conversation is not kept. */
  temporary: boolean;
  onTemporary(temporary: boolean): void;
}

/** Above the messages: which conversation it is and what can be done with it; for a new one, whether it is kept. */
export function ChatBar({ conversationId, temporary, onTemporary }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const { data } = useQuery({
    queryKey: conversationKey(conversationId ?? ""),
    queryFn: ({ signal }) => api.get<Conversation>(`/api/conversations/${conversationId}`, signal),
    enabled: conversationId !== null,
  });
  useTitle(data?.title);
  if (conversationId === null) {
    return (
      <>
        <span className="grow" />
        {temporary && <span className="soft small">{t("temporary.text")}</span>}
        <IconButton
          icon="clock"
          label={t("temporary.on")}
          aria-pressed={temporary}
          onClick={() => onTemporary(!temporary)}
        />
      </>
    );
  }
  if (!data) return <span className="grow" />;
  return (
    <>
      <h1 className="bar-title grow">{data.title}</h1>
      {data.temporary ? (
        <span className="soft small">{t("temporary.on")}</span>
      ) : (
        <ConversationMenu conversation={data} current />
      )}
    </>
  );
}
