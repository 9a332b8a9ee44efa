/** What a message would cost, asked for while it is written. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Quote } from "@/api/chat";
import { checkedBody, membersOf, modeOf, type Target } from "@/chat/target";
import { useApi } from "@/session/context";

const PAUSE_MS = 400;
const MODES = { single: "optimized", team: "multi-agent", quick: "quick" } as const;

/** null: there is nothing to ask for, or the server does not say. */
export function useQuote(text: string, target: Target, checked: boolean, conversationId: string | null): Quote | null {
  const api = useApi();
  const message = useDebounced(text.trim(), PAUSE_MS);
  const mode = MODES[modeOf(target)];
  const agents = membersOf(target);
  const { data } = useQuery({
    queryKey: ["quote", message, target, checked, conversationId],
    queryFn: ({ signal }) =>
      api.json<Quote>("/api/ai/v4/chat/estimate", {
        method: "POST",
        signal,
        body: {
          message,
          mode,
          ...(mode === "optimized" ? { agent_type: target } : {}),
          ...(agents ? { agents } : {}),
          ...checkedBody(target, checked),
          ...(conversationId ? { conversation_id: conversationId } : {}),
        },
      }),
    enabled: message !== "",
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
  return message && text.trim() ? (data ?? null) : null;
}

/** The value once it has not changed for so long. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
