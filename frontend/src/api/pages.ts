/** A list of the API, a page at a time. */
import { keepPreviousData, type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import type { Page } from "@/api/types";
import { useApi } from "@/session/context";

/** path: of the list, without its cursor. */
export function usePages<T>(queryKey: QueryKey, path: string) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => api.get<Page<T>>(addressOf(path, pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) ?? [] };
}

function addressOf(path: string, cursor: string | null): string {
  if (cursor === null) return path;
  return `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}
