import "fake-indexeddb/auto";
import { afterEach, expect, test, vi } from "vitest";
import { ApiClient } from "@/api/client";
import type { User } from "@/api/types";
import { OfflineCopies } from "@/offline/copies";
import { OfflineDatabase } from "@/offline/database";
import { FakeServer, type Handler, USER } from "@/testing/render";

const database = new OfflineDatabase();
const TOKENS = { token: async () => "a token", renewed: async () => null, ended: () => undefined };
const MESSAGES = "/api/conversations/conv_1/messages?order=desc&limit=50";
const OTHER: User = { ...USER, id: "user_2" };
const DAY_MS = 86_400_000;

let away = false;
let now = Date.parse("2026-11-22T12:00:00Z");

function client(handlers: Record<string, Handler>) {
  const server = new FakeServer(handlers);
  const copies = new OfflineCopies(database, () => now);
  const fetching: typeof fetch = (...call) => (away ? Promise.reject(new TypeError("network")) : server.fetch(...call));
  return { copies, api: new ApiClient(TOKENS, fetching, copies) };
}

const answering =
  (body: unknown): Handler =>
  () => ({ body });

afterEach(async () => {
  away = false;
  await database.clear();
});

test("without the server, what it answered before is read; what was never asked for fails", async () => {
  const { api, copies } = client({ [`GET ${MESSAGES}`]: answering({ items: ["hello"] }) });
  await copies.belongTo(USER);
  await api.get(MESSAGES);
  away = true;
  expect(await api.get(MESSAGES)).toEqual({ items: ["hello"] });
  await expect(api.get("/api/folders")).rejects.toMatchObject({ code: "unreachable" });
});

test("a proxy that cannot reach the server is no server", async () => {
  const { api, copies } = client({ "GET /api/folders": answering(["mine"]) });
  await copies.belongTo(USER);
  await api.get("/api/folders");
  const proxy: typeof fetch = async () => new Response("<h1>Bad Gateway</h1>", { status: 502 });
  expect(await new ApiClient(TOKENS, proxy, copies).get("/api/folders")).toEqual(["mine"]);
});

test("nothing of the account, of keys or of older pages is kept", async () => {
  const paths = ["/api/auth/me", "/api/auth/api-keys", "/api/ai/v4/analytics/user?days=30", `${MESSAGES}&cursor=abc`];
  const { api, copies } = client(Object.fromEntries(paths.map((path) => [`GET ${path}`, answering({})])));
  await copies.belongTo(USER);
  for (const path of paths) await api.get(path);
  await copies.belongTo(USER);
  expect(await database.all("copies")).toEqual([]);
});

test("signing out erases everything, and what arrives afterwards is not kept", async () => {
  let arrive = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const { api, copies } = client({
    "GET /api/folders": answering([]),
    [`GET ${MESSAGES}`]: async () => {
      await late;
      return { body: {} };
    },
  });
  await copies.belongTo(USER);
  await api.get("/api/folders");
  const asked = api.get(MESSAGES);
  await copies.erase();
  arrive();
  await asked;
  await copies.belongTo(OTHER);
  expect(await database.all("copies")).toEqual([]);
});

test("another account finds nothing of the one before", async () => {
  const { api, copies } = client({ "GET /api/folders": answering(["private"]) });
  await copies.belongTo(USER);
  await api.get("/api/folders");
  await copies.belongTo(OTHER);
  away = true;
  await expect(api.get("/api/folders")).rejects.toMatchObject({ code: "unreachable" });
  expect((await copies.lastUser())?.id).toBe("user_2");
});

test("after a week nothing is shown any more", async () => {
  const { api, copies } = client({ "GET /api/folders": answering([]) });
  await copies.belongTo(USER);
  await api.get("/api/folders");
  now += 7 * DAY_MS;
  away = true;
  await expect(api.get("/api/folders")).rejects.toMatchObject({ code: "unreachable" });
  expect(await copies.lastUser()).toBeNull();
});

test("temporary conversations are not kept, and deleted ones are forgotten", async () => {
  const { api, copies } = client({
    "GET /api/conversations/conv_1": answering({ temporary: true }),
    "GET /api/conversations/conv_2": answering({ temporary: false }),
    "DELETE /api/conversations/conv_2": () => ({ status: 204 }),
    [`GET ${MESSAGES}`]: answering({}),
  });
  await copies.belongTo(USER);
  await api.get("/api/conversations/conv_1");
  await api.get(MESSAGES);
  await api.get("/api/conversations/conv_2");
  await copies.belongTo(USER);
  expect((await database.all("copies")).map((copy) => copy.path)).toEqual(["/api/conversations/conv_2"]);
  await api.delete("/api/conversations/conv_2");
  await vi.waitFor(async () => expect(await database.all("copies")).toEqual([]));
});

test("only the last conversations are kept", async () => {
  const { api, copies } = client({ "GET /api/conversations/conv_40/messages": answering({}) });
  await copies.belongTo(USER);
  for (let number = 0; number < 70; number += 1) {
    now += 1000;
    api.keep(`/api/conversations/conv_${number}`, { temporary: false });
  }
  await copies.belongTo(USER);
  const paths = await database.oldest("messages");
  expect(paths).toHaveLength(60);
  expect(paths.at(-1)).toBe("/api/conversations/conv_69");
});
