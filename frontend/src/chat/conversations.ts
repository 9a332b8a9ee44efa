/** The list of conversations: pages of it, and changes that are shown before the server has confirmed them. */
import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { Conversation } from "@/api/chat";
import type { ApiClient } from "@/api/client";
import type { Page } from "@/api/types";
import { useApi } from "@/session/context";

/** What the list shows: all but the archived ones, the archived ones, or a folder's. */
export type ListView = { kind: "all" } | { kind: "archived" } | { kind: "folder"; id: string };
export type Changes = Partial<Pick<Conversation, "title" | "pinned" | "archived" | "folder_id">>;
type Pages = InfiniteData<Page<Conversation>, string | null>;

const PAGE = 50;
export const LISTS = ["conversations"] as const;
const BASE = "/api/conversations";

/** pinned ones come first, as a list of their own. */
export function useConversationList(view: ListView, pinned: boolean) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: [...LISTS, view, pinned],
    queryFn: ({ pageParam, signal }) => api.get<Page<Conversation>>(listPath(view, pinned, pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) ?? [] };
}

function listPath(view: ListView, pinned: boolean, cursor: string | null): string {
  const search = new URLSearchParams({ limit: String(PAGE), pinned: String(pinned), ...filter(view) });
  if (cursor) search.set("cursor", cursor);
  return `${BASE}?${search}`;
}

function filter(view: ListView): Record<string, string> {
  if (view.kind === "archived") return { archived: "true" };
  return view.kind === "folder" ? { folder_id: view.id } : {};
}

export function conversationKey(id: string): readonly [string, string] {
  return ["conversation", id];
}

/** Reads a conversation anew and puts it where it belongs: at the top, since it was just used. */
export async function touchConversation(queries: QueryClient, api: ApiClient, id: string): Promise<void> {
  const fresh = await api.get<Conversation>(`${BASE}/${id}`);
  queries.setQueryData(conversationKey(id), fresh);
  if (fresh.temporary) return;
  changeLists(queries, (items, view, pinned, first) => {
    const others = items.filter((item) => item.id !== id);
    return first && belongs(fresh, view, pinned) ? [fresh, ...others] : others;
  });
  for (const [key, pages] of queries.getQueriesData<Pages>({ queryKey: LISTS })) {
    const [, view, pinned] = key as [string, ListView, boolean];
    if (pages) api.keep(listPath(view, pinned, null), pages.pages[0]);
  }
}

/** Reads a conversation that has changed elsewhere, and shows it where it belongs by its last use. */
export async function refreshConversation(queries: QueryClient, api: ApiClient, id: string): Promise<void> {
  const fresh = await api.get<Conversation>(`${BASE}/${id}`);
  queries.setQueryData(conversationKey(id), fresh);
  for (const [key, pages] of queries.getQueriesData<Pages>({ queryKey: LISTS })) {
    const [, view, pinned] = key as [string, ListView, boolean];
    const wanted = !fresh.temporary && belongs(fresh, view, pinned);
    if (pages) queries.setQueryData<Pages>(key, placed(pages, fresh, wanted));
  }
}

/** Most recently used first. One that is older than everything loaded comes with its page. */
function placed(pages: Pages, fresh: Conversation, wanted: boolean): Pages {
  let open = wanted;
  const changed = pages.pages.map((page) => {
    const items: Conversation[] = [];
    for (const item of page.items) {
      if (open && item.updated_at <= fresh.updated_at) {
        items.push(fresh);
        open = false;
      }
      if (item.id !== fresh.id) items.push(item);
    }
    if (open && page.next_cursor === null) items.push(fresh);
    return { ...page, items };
  });
  return { ...pages, pages: changed };
}

/** It was deleted elsewhere. */
export function dropConversation(queries: QueryClient, id: string): void {
  changeLists(queries, (items) => items.filter((item) => item.id !== id));
  queries.removeQueries({ queryKey: conversationKey(id), type: "inactive" });
}

function belongs(item: Conversation, view: ListView, pinned: boolean): boolean {
  if (item.pinned !== pinned || item.archived !== (view.kind === "archived")) return false;
  return view.kind !== "folder" || item.folder_id === view.id;
}

type Change = (items: Conversation[], view: ListView, pinned: boolean, first: boolean) => Conversation[];

function changeLists(queries: QueryClient, change: Change): void {
  for (const [key, pages] of queries.getQueriesData<Pages>({ queryKey: LISTS })) {
    if (!pages) continue;
    const [, view, pinned] = key as [string, ListView, boolean];
    const changed = pages.pages.map((page, index) => ({
      ...page,
      items: change(page.items, view, pinned, index === 0),
    }));
    queries.setQueryData<Pages>(key, { ...pages, pages: changed });
  }
}

/** Shows a change at once; where the server refuses it, what was there comes back. */
function useOptimistic<T>(send: (api: ApiClient, input: T) => Promise<unknown>, show: (input: T) => Change) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: T) => send(api, input),
    onMutate: async (input) => {
      await queries.cancelQueries({ queryKey: LISTS });
      const before = queries.getQueriesData<Pages>({ queryKey: LISTS });
      changeLists(queries, show(input));
      return before;
    },
    onError: (_error, _input, before) => {
      for (const [key, pages] of before ?? []) queries.setQueryData(key, pages);
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: LISTS }),
        // One that was deleted is asked for by nobody: its page has been left.
        queries.invalidateQueries({ queryKey: ["conversation"] }),
      ]),
  });
}

export interface ChangeInput {
  conversation: Conversation;
  changes: Changes;
}

export function useChangeConversation() {
  const queries = useQueryClient();
  return useOptimistic<ChangeInput>(
    (api, { conversation, changes }) => api.patch(`${BASE}/${conversation.id}`, changes),
    ({ conversation, changes }) => {
      const changed = { ...conversation, ...changes };
      queries.setQueryData(conversationKey(conversation.id), changed);
      return (items, view, pinned, first) => {
        if (items.some((item) => item.id === changed.id) && belongs(changed, view, pinned))
          return items.map((item) => (item.id === changed.id ? changed : item));
        const others = items.filter((item) => item.id !== changed.id);
        return first && changed.pinned && belongs(changed, view, pinned) ? [changed, ...others] : others;
      };
    },
  );
}

export function useDeleteConversation() {
  return useOptimistic<Conversation>(
    (api, { id }) => api.delete(`${BASE}/${id}`),
    ({ id }) =>
      (items) =>
        items.filter((item) => item.id !== id),
  );
}

/** Takes a deletion back. */
export function useRestoreConversation() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: Conversation) => api.post<Conversation>(`${BASE}/${id}/restore`),
    onSuccess: () => queries.invalidateQueries({ queryKey: LISTS }),
  });
}
