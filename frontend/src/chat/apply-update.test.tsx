import { screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import type { Conversation, Message } from "@/api/chat";
import { ApiClient } from "@/api/client";
import { App } from "@/app";
import { UpdateReader } from "@/chat/apply-update";
import { navigate } from "@/router";
import { FakeServer, problem, renderPage } from "@/testing/render";
import { conversation, question, withLayout } from "@/testing/samples";

const ITEM = conversation("conv_1", "Plans");
const QUESTION = question("Asked here");
const ELSEWHERE: Message = { ...QUESTION, id: "msg_2", content: "Asked elsewhere", parent_id: "msg_1" };
const OTHER: Conversation = { ...ITEM, id: "conv_2", title: "Lists", updated_at: "2026-11-22T13:00:00Z" };

beforeEach(() => {
  withLayout();
});

/** The page with two conversations, the first of them open. stored, messages: what the server has. */
function open() {
  const stored = new Map([ITEM, OTHER].map((item) => [item.id, item]));
  const messages = [QUESTION];
  const server = new FakeServer({
    "GET /api/conversations": ({ path }) => ({
      body: { items: path.includes("pinned=true") ? [] : [OTHER, ITEM], next_cursor: null },
    }),
    "GET /api/folders": () => ({ body: { items: [] } }),
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: [] } }),
    "GET /api/conversations/conv_1/messages": () => ({ body: { items: [...messages].reverse(), next_cursor: null } }),
  });
  for (const { id } of [ITEM, OTHER]) {
    server.on(`GET /api/conversations/${id}`, () => {
      const found = stored.get(id);
      return found ? { body: found } : problem(404, "not_found");
    });
  }
  navigate("/c/conv_1");
  const { queries, session, answers } = renderPage(<App />, server);
  const reader = new UpdateReader(queries, new ApiClient(session, server.fetch), answers);
  const take = (name: string, data = {}): void => reader.take({ name, data });
  return { stored, messages, server, take };
}

function titles(): string[] {
  return screen.queryAllByRole("link", { name: /Plans|Lists|Renamed/ }).map((link) => link.textContent ?? "");
}

test("a title that was changed elsewhere is changed here, where it stands", async () => {
  const { stored, take } = open();
  await waitFor(() => expect(titles()).toEqual(["Lists", "Plans"]));
  stored.set("conv_1", { ...ITEM, title: "Renamed" });
  take("conversation_changed", { conversation_id: "conv_1" });
  await waitFor(() => expect(titles()).toEqual(["Lists", "Renamed"]));
});

test("what is said elsewhere comes into the open conversation and takes it to the top", async () => {
  const { stored, messages, take } = open();
  await screen.findByText("Asked here");
  stored.set("conv_1", { ...ITEM, updated_at: "2026-11-22T14:00:00Z" });
  messages.push(ELSEWHERE);
  take("message_added", { conversation_id: "conv_1", message_id: "msg_2" });
  expect(await screen.findByText("Asked elsewhere")).toBeDefined();
  expect(titles()).toEqual(["Plans", "Lists"]);
});

test("a conversation that was deleted elsewhere leaves the list", async () => {
  const { stored, take } = open();
  await waitFor(() => expect(titles()).toHaveLength(2));
  stored.delete("conv_2");
  take("conversation_deleted", { conversation_id: "conv_2" });
  await waitFor(() => expect(titles()).toEqual(["Plans"]));
});

test("after a gap the newest messages of the open conversation are read", async () => {
  const { messages, take } = open();
  await screen.findByText("Asked here");
  messages.push(ELSEWHERE);
  take("resync");
  expect(await screen.findByText("Asked elsewhere")).toBeDefined();
});
