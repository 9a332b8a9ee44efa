/**
 * Keeps the page itself, so that it opens without a network: what every page of it needs, taken in as a whole when a
 * version is installed. Answers of the API are none of its business: they belong to accounts (see src/offline).
 *
 * Nothing changes under a page that is open: its files are in the copy of its version, which stays while the next
 * version is there. With a network, opening the page always gets the newest version.
 */

/** The build puts both in: addresses of files, and what changes with any of them. */
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;

export type {};

interface LifeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends LifeEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Worker {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: LifeEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

const worker = self as unknown as Worker;
const SHELL = __SHELL__;
const PREFIX = "aether-";
const CURRENT = PREFIX + __VERSION__;
const ENTRY = "/";
const ENTRIES = new Set([ENTRY, "/admin"]);
const ASSETS = "/assets/";
/** This version, and the one of pages that are open already. */
const VERSIONS = 2;
/** What a proxy answers for a server that it cannot reach. */
const AWAY = new Set([502, 503, 504]);
/** A network that does not answer in this time is as good as none. */
const PATIENCE_MS = 6000;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate") {
    if (ENTRIES.has(pathname)) event.respondWith(newest(request, ENTRY));
  } else if (pathname.startsWith(ASSETS)) event.respondWith(kept(request));
  else if (SHELL.includes(pathname)) event.respondWith(newest(request, pathname));
});

async function install(): Promise<void> {
  const cache = await caches.open(CURRENT);
  await cache.addAll(
    SHELL.map((address) => new Request(new URL(address, worker.location.origin), { cache: "no-cache" })),
  );
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  const own = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CURRENT);
  await Promise.all(own.slice(0, Math.max(0, own.length - VERSIONS + 1)).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** What the server has now; without it, what was kept. */
async function newest(request: Request, address: string): Promise<Response> {
  const copy = async (): Promise<Response | undefined> => (await caches.open(CURRENT)).match(address);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return AWAY.has(response.status) ? ((await copy()) ?? response) : response;
  } catch (error) {
    const kept = await copy();
    if (kept) return kept;
    throw error;
  }
}

/** Files under /assets never change: what is there once is never asked for again. */
async function kept(request: Request): Promise<Response> {
  const copy = await caches.match(request);
  if (copy) return copy;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(CURRENT)).put(request, response.clone());
  return response;
}
