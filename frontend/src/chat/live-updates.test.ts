import { afterEach, expect, test } from "vitest";
import { ApiClient } from "@/api/client";
import { type LiveUpdate, LiveUpdates } from "@/chat/live-updates";
import { Session } from "@/session/session";
import { FakeServer, problem, signedIn } from "@/testing/render";
import { FakeStream } from "@/testing/stream";

const EVENTS = "GET /api/events";
const started: LiveUpdates[] = [];

afterEach(() => {
  for (const updates of started.splice(0)) updates.stop();
});

/** next(): the next update that the page is told of. */
function listen(server: FakeServer): { updates: LiveUpdates; next(): Promise<LiveUpdate> } {
  const session = new Session(server.fetch);
  session.begin(signedIn().body as Parameters<Session["begin"]>[0]);
  const heard: LiveUpdate[] = [];
  const waiting: ((update: LiveUpdate) => void)[] = [];
  const updates = new LiveUpdates(
    new ApiClient(session, server.fetch),
    (update) => {
      const first = waiting.shift();
      if (first) first(update);
      else heard.push(update);
    },
    1,
  );
  started.push(updates);
  updates.start();
  const next = (): Promise<LiveUpdate> => {
    const first = heard.shift();
    return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
  };
  return { updates, next };
}

test("what the server tells is passed on, and a broken connection is opened again", async () => {
  const streams = [new FakeStream(), new FakeStream()];
  let connections = 0;
  const server = new FakeServer({
    [EVENTS]: () => {
      const stream = streams[Math.min(connections, 1)] as FakeStream;
      connections += 1;
      return stream.connect();
    },
  });
  const { next } = listen(server);
  streams[0]?.send("ready", {});
  streams[0]?.send("conversation_changed", { conversation_id: "conv_1" });
  expect(await next()).toEqual({ name: "conversation_changed", data: { conversation_id: "conv_1" } });
  streams[1]?.send("ready", {});
  streams[0]?.break();
  // What was missed meanwhile is unknown.
  expect(await next()).toEqual({ name: "resync", data: {} });
  streams[1]?.send("folders_changed", {});
  expect((await next()).name).toBe("folders_changed");
});

test("where the server refuses, what is shown is read anew now and then", async () => {
  let refusals = 0;
  const server = new FakeServer({
    [EVENTS]: () => {
      refusals += 1;
      return problem(429, "too_many_concurrent");
    },
  });
  const { next } = listen(server);
  expect((await next()).name).toBe("resync");
  expect(refusals).toBeGreaterThan(2);
});

test("after the sign-out nobody listens, after the next sign-in one connection does", async () => {
  const stream = new FakeStream();
  const server = new FakeServer({ [EVENTS]: () => stream.connect() });
  const { updates, next } = listen(server);
  stream.send("conversation_changed", { conversation_id: "conv_1" });
  await next();
  updates.stop();
  stream.break();
  updates.start();
  await next();
  expect(server.calls.filter(({ path }) => path === "/api/events")).toHaveLength(2);
});
