import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useApi } from "@/session/context";

export interface Folder {
  id: string;
  name: string;
  created_at: string;
}

export const FOLDERS = ["folders"] as const;
const BASE = "/api/folders";

export function useFolders(): Folder[] {
  const api = useApi();
  const { data } = useQuery({ queryKey: FOLDERS, queryFn: ({ signal }) => api.get<{ items: Folder[] }>(BASE, signal) });
  return data?.items ?? [];
}

export function useFolderChanges() {
  const api = useApi();
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: FOLDERS });
  const create = useMutation({ mutationFn: (name: string) => api.post<Folder>(BASE, { name }), onSuccess });
  const rename = useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) => api.patch<Folder>(`${BASE}/${id}`, { name }),
    onSuccess,
  });
  /** The conversations that were in it stay. */
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`${BASE}/${id}`),
    onSuccess: () => Promise.all([onSuccess(), queries.invalidateQueries({ queryKey: ["conversations"] })]),
  });
  return { create, rename, remove };
}
