/** What happens when answers begin and end: the address, the stored messages, and what is read aloud. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { touchConversation } from "@/chat/conversations";
import { mergeNewest } from "@/chat/messages";
import { useWords } from "@/i18n";
import { useAgentName } from "@/pages/chat/agents";
import { currentPath, navigate } from "@/router";
import { useServices } from "@/session/context";

const READ_ALOUD = 1500;

/** The text to be read: the answer that has just been completed. */
export function useArrivals(): string {
  const { api, answers } = useServices();
  const { t } = useWords();
  const nameOf = useAgentName();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const words = useRef({ t, nameOf });
  words.current = { t, nameOf };
  useEffect(() => {
    const unwatch = answers.watch({
      onAccepted: (live) => {
        // A new conversation has its address now; whoever went elsewhere in the meantime stays there.
        if (!live.body.conversation_id && live.conversationId && currentPath() === "/")
          navigate(`/c/${live.conversationId}`, { replace: true });
        if (!live.body.conversation_id && live.conversationId)
          void touchConversation(queries, api, live.conversationId).catch(() => undefined);
      },
      onEnded: async (live) => {
        const agent = words.current.nameOf(live.agent?.id ?? live.mode);
        if (live.phase === "done")
          setText(words.current.t("chat.answered", { agent, text: live.text.toString().slice(0, READ_ALOUD) }));
        if (!live.conversationId) return;
        await mergeNewest(queries, api, live.conversationId);
        await touchConversation(queries, api, live.conversationId);
      },
    });
    answers.resume();
    return unwatch;
  }, [answers, api, queries]);
  return text;
}
