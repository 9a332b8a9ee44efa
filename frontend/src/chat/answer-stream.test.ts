import { expect, test, vi } from "vitest";
import { ApiClient } from "@/api/client";
import { answerEvents } from "@/chat/answer-stream";
import { Session } from "@/session/session";
import { FakeServer, problem } from "@/testing/render";
import { FakeStream, RECEIPT } from "@/testing/stream";

const ASKED = { key: "key-1", body: { message: "Hello" } };
const POST = "POST /api/ai/v4/chat/stream";
const RESUME = "GET /api/ai/v4/chat/stream/str_1";

function listen(server: FakeServer, stop = new AbortController()) {
  const api = new ApiClient(new Session(server.fetch), server.fetch);
  const seen: string[] = [];
  const all = (async () => {
    for await (const event of answerEvents(api, ASKED, stop.signal)) {
      const { content } = event.data as { content?: string };
      seen.push(content ?? event.name);
    }
  })();
  return { seen, all, stop };
}

test("a connection that breaks is taken up after the last event, without asking again", async () => {
  const stream = new FakeStream();
  const server = new FakeServer({
    [POST]: () => stream.connect(),
    [RESUME]: ({ headers }) => stream.connect(Number(headers.get("last-event-id"))),
  });
  const { seen, all } = listen(server);
  await vi.waitFor(() => expect(server.calls).toHaveLength(1));
  stream.metadata();
  stream.send("token", { content: "one" });
  await vi.waitFor(() => expect(seen).toEqual(["metadata", "one"]));
  stream.break();
  stream.send("token", { content: "two" });
  stream.send("done", RECEIPT);
  await all;
  expect(seen).toEqual(["metadata", "one", "two", "done"]);
  expect(server.calls.map((call) => call.method)).toEqual(["POST", "GET"]);
});

test("without the stream's name the question is sent again under its key", async () => {
  const stream = new FakeStream();
  let tries = 0;
  const server = new FakeServer({
    [POST]: () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new TypeError("network")) : stream.connect();
    },
  });
  const { seen, all } = listen(server);
  await vi.waitFor(() => expect(server.calls).toHaveLength(2));
  stream.metadata();
  stream.send("done", RECEIPT);
  await all;
  expect(seen).toEqual(["metadata", "done"]);
  expect(new Set(server.calls.map((call) => call.headers.get("idempotency-key")))).toEqual(new Set(["key-1"]));
});

test("a stream that the server has forgotten is asked for by its key, and nothing is shown twice", async () => {
  const stream = new FakeStream();
  const server = new FakeServer({ [POST]: () => stream.connect(), [RESUME]: () => problem(404, "not_found") });
  const { seen, all } = listen(server);
  await vi.waitFor(() => expect(server.calls).toHaveLength(1));
  stream.metadata();
  stream.send("token", { content: "one" });
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  stream.break();
  stream.send("done", RECEIPT);
  await all;
  expect(seen).toEqual(["metadata", "one", "done"]);
  expect(server.calls.map((call) => call.method)).toEqual(["POST", "GET", "POST"]);
});

test("what the server refuses is not asked for again", async () => {
  const server = new FakeServer({ [POST]: () => problem(402, "budget_exceeded") });
  await expect(listen(server).all).rejects.toMatchObject({ code: "budget_exceeded" });
  expect(server.calls).toHaveLength(1);
});

test("who stops listening closes the connection", async () => {
  const stream = new FakeStream();
  const server = new FakeServer({ [POST]: () => stream.connect() });
  const { all, stop } = listen(server);
  stop.abort();
  await expect(all).rejects.toThrow();
});
