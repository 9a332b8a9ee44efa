import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Page } from "@/api/types";
import { useApi } from "@/session/context";

export interface SearchHit {
  conversation_id: string;
  title: string;
  message_id: string | null;
  role: "user" | "assistant" | null;
  snippet: string;
  created_at: string;
}

const HITS = 50;

/** What contains every word; hits undefined: not known yet. */
export function useSearch(words: string) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["search", words],
    queryFn: ({ signal }) => {
      const search = new URLSearchParams({ q: words, limit: String(HITS) });
      return api.get<Page<SearchHit>>(`/api/conversations/search?${search}`, signal);
    },
    enabled: words !== "",
    placeholderData: keepPreviousData,
  });
  return { hits: query.data?.items, error: query.error };
}
