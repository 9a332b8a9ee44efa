import "fake-indexeddb/auto";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "@/app";
import { OfflineDatabase } from "@/offline/database";
import { currentPath, navigate } from "@/router";
import { FakeServer, problem, type Reply, renderPage } from "@/testing/render";
import { withLayout } from "@/testing/samples";
import { FakeStream } from "@/testing/stream";

const STREAM = "/api/ai/v4/chat/stream";
const database = new OfflineDatabase();
let away = false;

/** Cannot be reached while away. */
function server(stream: FakeStream): FakeServer {
  const here = (answer: () => Reply | Response) => (): Reply | Response | Promise<Reply> =>
    away ? Promise.reject(new TypeError("network")) : answer();
  return new FakeServer({
    "GET /api/ai/v4/agents/available": here(() => ({ body: { agents: [] } })),
    "POST /api/ai/v4/chat/estimate": here(() => problem(503, "overloaded")),
    "GET /api/conversations": here(() => ({ body: { items: [], next_cursor: null } })),
    "GET /api/conversations/conv_1/messages": here(() => ({ body: { items: [], next_cursor: null } })),
    "GET /api/health/live": here(() => ({ body: {} })),
    [`POST ${STREAM}`]: here(() => stream.connect()),
  });
}

const sent = (fake: FakeServer) => fake.calls.filter((call) => call.path === STREAM);

async function ask(text: string): Promise<void> {
  const area = await screen.findByRole("textbox", { name: "Message" });
  await userEvent.clear(area);
  await userEvent.type(area, `${text}{Enter}`);
}

beforeEach(() => {
  withLayout();
  away = true;
});

afterEach(async () => {
  away = false;
  await database.clear();
});

test("a question that is asked without a network waits, and is sent when it is back", async () => {
  const stream = new FakeStream();
  const fake = server(stream);
  navigate("/");
  renderPage(<App />, fake);
  await ask("Hello");
  expect(await screen.findByText(/Not sent yet/)).toBeDefined();
  expect((await screen.findAllByRole("status")).some((one) => one.textContent?.includes("cannot be reached"))).toBe(
    true,
  );
  expect(await database.all("waiting")).toHaveLength(1);
  const tries = sent(fake).length;
  away = false;
  window.dispatchEvent(new Event("online"));
  await waitFor(() => expect(sent(fake).length).toBe(tries + 1));
  stream.metadata();
  await waitFor(() => expect(currentPath()).toBe("/c/conv_1"));
  expect(new Set(sent(fake).map((call) => call.headers.get("idempotency-key"))).size).toBe(1);
  await waitFor(async () => expect(await database.all("waiting")).toEqual([]));
});

test("a question that was never sent is sent by the next page that opens, under its key", async () => {
  const first = server(new FakeStream());
  navigate("/");
  const page = renderPage(<App />, first);
  await ask("Hello");
  await screen.findByText(/Not sent yet/);
  const key = sent(first)[0]?.headers.get("idempotency-key");
  page.unmount();
  page.answers.clear();
  sessionStorage.clear();
  const [kept] = await database.all("waiting");
  expect(kept?.key).toBe(key);
  away = false;
  const next = server(new FakeStream());
  renderPage(<App />, next);
  await waitFor(() => expect(sent(next)).toHaveLength(1));
  expect(sent(next)[0]?.headers.get("idempotency-key")).toBe(key);
  expect(sent(next)[0]?.body).toMatchObject({ message: "Hello" });
});

test("a question that waits can be withdrawn, and is then never sent", async () => {
  const fake = server(new FakeStream());
  navigate("/");
  renderPage(<App />, fake);
  await ask("Hello");
  await screen.findByText(/Not sent yet/);
  await userEvent.click(screen.getByRole("button", { name: "Stop" }));
  await waitFor(() => expect(screen.queryByText(/Not sent yet/)).toBeNull());
  await waitFor(async () => expect(await database.all("waiting")).toEqual([]));
});

test("what the server could take a second time is not sent: it says so", async () => {
  const askedAt = Date.now() - 24 * 3_600_000;
  await database.put("waiting", { key: "old", mode: "single", body: { message: "Hello" }, askedAt });
  away = false;
  const fake = server(new FakeStream());
  navigate("/");
  renderPage(<App />, fake);
  expect((await screen.findByRole("alert")).textContent).toContain("more than a day ago");
  await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  await waitFor(async () => expect(await database.all("waiting")).toEqual([]));
  expect(sent(fake)).toEqual([]);
});
