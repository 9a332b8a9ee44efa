/** The messages of a conversation: newest page first, older ones when somebody scrolls to them. */
import { type InfiniteData, type QueryClient, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Message } from "@/api/chat";
import type { ApiClient } from "@/api/client";
import { isProblem } from "@/api/problem";
import type { Page } from "@/api/types";
import { Tree } from "@/chat/branches";
import { useApi } from "@/session/context";

const PAGE = 50;
const NEWEST = 10;
const PENDING_POLL_MS = 2000;

type Pages = InfiniteData<Page<Message>, string | null>;

export function messagesKey(conversationId: string): readonly [string, string] {
  return ["messages", conversationId];
}

function pageOf(api: ApiClient, id: string, limit: number, cursor: string | null, signal?: AbortSignal) {
  return api.get<Page<Message>>(pathOf(id, limit, cursor), signal);
}

function pathOf(id: string, limit: number, cursor: string | null): string {
  const query = new URLSearchParams({ order: "desc", limit: String(limit), ...(cursor ? { cursor } : {}) });
  return `/api/conversations/${encodeURIComponent(id)}/messages?${query}`;
}

export interface LoadedMessages {
  tree: Tree;
  status: "pending" | "error" | "success";
  error: Error | null;
  hasOlder: boolean;
  loadingOlder: boolean;
  loadOlder(): void;
}

/** live: an answer of this tab is under way there, so nothing has to be asked for in between. */
export function useMessages(conversationId: string | null, live: boolean): LoadedMessages {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: messagesKey(conversationId ?? ""),
    queryFn: ({ pageParam, signal }) => pageOf(api, conversationId ?? "", PAGE, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    enabled: conversationId !== null,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (!live && newestIsPending(state.data) ? PENDING_POLL_MS : false),
    retry: (failures, error) => failures < 2 && isProblem(error) && error.passing,
  });
  const { data, fetchNextPage, isFetchingNextPage } = query;
  const tree = useMemo(() => new Tree((data?.pages ?? []).flatMap((page) => page.items).reverse()), [data]);
  return {
    tree,
    // What is there stays there, also where it could not be loaded anew.
    status: data ? "success" : query.status,
    error: query.error,
    hasOlder: query.hasNextPage,
    loadingOlder: isFetchingNextPage,
    loadOlder: () => void fetchNextPage(),
  };
}

/** Another tab or device is being answered. */
function newestIsPending(pages: Pages | undefined): boolean {
  return pages?.pages[0]?.items[0]?.status === "pending";
}

/** Changes one message wherever it is loaded. */
export function changeMessage(queries: QueryClient, id: string, changes: Partial<Message>): void {
  queries.setQueriesData<Pages>({ queryKey: ["messages"] }, (pages) => {
    if (!pages?.pages.some((page) => page.items.some((message) => message.id === id))) return pages;
    const changed = pages.pages.map((page) => ({
      ...page,
      items: page.items.map((message) => (message.id === id ? { ...message, ...changes } : message)),
    }));
    return { ...pages, pages: changed };
  });
}

/** Puts the newest messages into what is loaded, without loading the rest again. */
export async function mergeNewest(queries: QueryClient, api: ApiClient, conversationId: string): Promise<void> {
  const newest = await pageOf(api, conversationId, NEWEST, null);
  const pages = merged(queries.getQueryData<Pages>(messagesKey(conversationId)), newest);
  queries.setQueryData<Pages>(messagesKey(conversationId), pages);
  api.keep(pathOf(conversationId, PAGE, null), pages.pages[0]);
}

function merged(pages: Pages | undefined, newest: Page<Message>): Pages {
  if (!pages?.pages.length) return { pages: [newest], pageParams: [null] };
  const fresh = new Map(newest.items.map((message) => [message.id, message]));
  const known = new Set(pages.pages.flatMap((page) => page.items.map((message) => message.id)));
  const updated = pages.pages.map((page) => ({
    ...page,
    items: page.items.map((message) => fresh.get(message.id) ?? message),
  }));
  const added = newest.items.filter((message) => !known.has(message.id));
  const first = updated[0];
  if (first) updated[0] = { ...first, items: [...added, ...first.items] };
  return { ...pages, pages: updated };
}
