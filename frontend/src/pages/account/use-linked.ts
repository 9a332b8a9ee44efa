/** The identity provider, where the server has one, and what of the account is linked to it. */
import { useQuery } from "@tanstack/react-query";
import type { LinkedIdentity, Provider } from "@/api/account";
import { useApi } from "@/session/context";

export const LINKED = ["linked-identity"];

export interface Linked {
  /** null: the server has no provider, or it is not known yet. */
  provider: string | null;
  linked: LinkedIdentity | undefined;
  /** Whether the account has a password to ask for. */
  hasPassword: boolean;
}

export function useLinked(): Linked {
  const api = useApi();
  const { data: provider } = useQuery({
    queryKey: ["provider"],
    queryFn: ({ signal }) => api.get<Provider>("/api/auth/oidc", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const enabled = provider?.enabled ?? false;
  const { data: linked } = useQuery({
    queryKey: LINKED,
    queryFn: ({ signal }) => api.get<LinkedIdentity>("/api/auth/oidc/identity", signal),
    enabled,
  });
  return {
    provider: enabled ? (provider?.name ?? "SSO") : null,
    linked,
    hasPassword: linked?.has_password ?? true,
  };
}
