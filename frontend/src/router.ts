/** Where the page is: a path in the fragment (/#/c/ID), and for administrators the same behind /admin. */
import { useSyncExternalStore } from "react";

export type Params = Record<string, string>;

const ADMIN = "/admin";

/** The current path: "/", "/c/ID", "/admin", "/admin/users". */
export function currentPath(): string {
  const inner = decodeFragment(location.hash);
  if (location.pathname !== ADMIN) return inner;
  return inner === "/" ? ADMIN : ADMIN + inner;
}

function decodeFragment(fragment: string): string {
  const path = fragment.replace(/^#/, "").split("?")[0] ?? "";
  return path.startsWith("/") ? path : "/";
}

/** The query of the current path: /#/sign-in?next=%2Fc%2FID. */
export function currentQuery(): URLSearchParams {
  return new URLSearchParams(location.hash.split("?")[1] ?? "");
}

/** The address of a path, for links. */
export function href(path: string): string {
  if (path === ADMIN) return ADMIN;
  return path.startsWith(`${ADMIN}/`) ? `${ADMIN}#${path.slice(ADMIN.length)}` : `/#${path}`;
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);
  addEventListener("hashchange", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
    removeEventListener("hashchange", listener);
  };
}

/** Goes to a path; with replace, without a new entry in the history. */
export function navigate(path: string, { replace = false }: { replace?: boolean } = {}): void {
  const address = href(path);
  if (replace) history.replaceState(null, "", address);
  else if (address !== location.pathname + location.hash) history.pushState(null, "", address);
  for (const listener of [...listeners]) listener();
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, currentPath);
}

/** The parameters of a pattern ("/c/:id") that the path fits, else null. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return null;
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    const value = found[index] ?? "";
    if (part.startsWith(":") && value) params[part.slice(1)] = safeDecode(value);
    else if (part !== value) return null;
  }
  return params;
}

function safeDecode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
