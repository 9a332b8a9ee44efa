import { beforeEach, expect, test, vi } from "vitest";

/** Caches as browsers have them, as far as the worker asks: by name, in the order in which they were made. */
class FakeCaches {
  readonly all = new Map<string, Map<string, string>>();

  open = async (name: string) => {
    const files = this.all.get(name) ?? new Map<string, string>();
    this.all.set(name, files);
    return {
      addAll: async (requests: Request[]) => {
        for (const { url } of requests) files.set(path(url), await (await fetch(url)).text());
      },
      put: async ({ url }: Request, response: Response) => void files.set(path(url), await response.text()),
      match: async (address: string) => answer(files.get(path(address))),
    };
  };

  keys = async () => [...this.all.keys()];
  delete = async (name: string) => this.all.delete(name);
  match = async ({ url }: Request) => {
    for (const files of this.all.values()) if (files.has(path(url))) return answer(files.get(path(url)));
    return undefined;
  };
}

type Listener = (event: unknown) => void;

const path = (address: string): string => new URL(address, location.origin).pathname;
const answer = (text: string | undefined) => (text === undefined ? undefined : new Response(text));
let caches: FakeCaches;
let listeners: Map<string, Listener>;
let network: (address: string) => Promise<Response>;
const skipWaiting = vi.fn(async () => undefined);

/** What happens to a request: the worker's answer, or undefined where it leaves it to the browser. */
async function ask(address: string, request: Partial<Request> = {}): Promise<string | undefined> {
  let given: Promise<Response> | undefined;
  const respondWith = (response: Promise<Response>): void => {
    given = response;
  };
  listeners.get("fetch")?.({
    request: { url: new URL(address, location.origin).href, method: "GET", mode: "cors", ...request },
    respondWith,
  });
  return given && (await given).text();
}

async function happen(name: "install" | "activate"): Promise<void> {
  let work: Promise<unknown> | undefined;
  listeners.get(name)?.({ waitUntil: (promise: Promise<unknown>) => (work = promise) });
  await work;
}

/** A version of the worker, freshly loaded. */
async function load(version: string): Promise<void> {
  vi.stubGlobal("__VERSION__", version);
  vi.resetModules();
  listeners = new Map();
  await import("@/worker/service-worker");
}

beforeEach(async () => {
  caches = new FakeCaches();
  network = async (address) => new Response(`network ${address}`);
  vi.stubGlobal("caches", caches);
  vi.stubGlobal("__SHELL__", ["/", "/theme.js", "/assets/page-1.js"]);
  vi.stubGlobal("fetch", (request: Request | string) =>
    network(path(typeof request === "string" ? request : request.url)),
  );
  vi.stubGlobal("self", {
    location,
    clients: { claim: async () => undefined },
    skipWaiting,
    addEventListener: (name: string, listener: Listener) => listeners.set(name, listener),
  });
  await load("1");
  await happen("install");
  await happen("activate");
});

test("with a network the newest page is opened, without one the version that was kept", async () => {
  network = async () => new Response("newer");
  expect(await ask("/", { mode: "navigate" })).toBe("newer");
  network = () => Promise.reject(new TypeError("network"));
  expect(await ask("/", { mode: "navigate" })).toBe("network /");
  expect(await ask("/admin", { mode: "navigate" })).toBe("network /");
  expect(await ask("/theme.js")).toBe("network /theme.js");
});

test("a proxy that cannot reach the server is as good as no network", async () => {
  network = async () => new Response("Bad Gateway", { status: 502 });
  expect(await ask("/", { mode: "navigate" })).toBe("network /");
});

test("files that never change are asked for once", async () => {
  expect(await ask("/assets/later-2.js")).toBe("network /assets/later-2.js");
  network = () => Promise.reject(new TypeError("network"));
  expect(await ask("/assets/later-2.js")).toBe("network /assets/later-2.js");
  expect(await ask("/assets/page-1.js")).toBe("network /assets/page-1.js");
});

test.each([
  ["/api/conversations", {}],
  ["/api/auth/refresh", { method: "POST" }],
  ["/openapi.json", { mode: "navigate" as const }],
  ["https://example.org/assets/a.js", {}],
])("%s is none of its business", async (address, request) => {
  expect(await ask(address, request)).toBeUndefined();
  expect([...(caches.all.get("aether-1")?.keys() ?? [])]).toEqual(["/", "/theme.js", "/assets/page-1.js"]);
});

test("a new version leaves the files of open pages, and older ones go", async () => {
  for (const version of ["2", "3"]) {
    await load(version);
    await happen("install");
    await happen("activate");
  }
  expect(await caches.keys()).toEqual(["aether-2", "aether-3"]);
  expect(skipWaiting).toHaveBeenCalled();
});
