/** The user's verdict on an answer, shown before the server has confirmed it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Feedback, Message, Rating } from "@/api/chat";
import { changeMessage } from "@/chat/messages";
import { useApi } from "@/session/context";

/** null: the verdict is taken back. */
export type Verdict = { rating: Rating; comment: string | null } | null;

export function useFeedback(message: Message) {
  const api = useApi();
  const queries = useQueryClient();
  const path = `/api/messages/${encodeURIComponent(message.id)}/feedback`;
  const show = (feedback: Feedback | null): void => changeMessage(queries, message.id, { feedback });
  return useMutation({
    mutationFn: (verdict: Verdict) => (verdict ? api.put<Feedback>(path, verdict) : api.delete(path).then(() => null)),
    onMutate: (verdict) => {
      show(verdict && { ...verdict, rated_at: new Date().toISOString() });
      return message.feedback ?? null;
    },
    onSuccess: (stored) => show(stored),
    onError: (_error, _verdict, before) => show(before ?? null),
    scope: { id: message.id },
  });
}
