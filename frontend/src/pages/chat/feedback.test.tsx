import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import type { Feedback, Message } from "@/api/chat";
import { App } from "@/app";
import { navigate } from "@/router";
import { FakeServer, problem, renderPage } from "@/testing/render";
import { question, withLayout } from "@/testing/samples";
import { RECEIPT } from "@/testing/stream";

const PUT = "PUT /api/messages/msg_2/feedback";
const QUESTION = question("Hello");

beforeEach(() => {
  withLayout();
});

function open(feedback: Feedback | null = null): FakeServer {
  const answer: Message = {
    ...QUESTION,
    id: "msg_2",
    role: "assistant",
    content: "Good morning.",
    agent: "dev",
    receipt: RECEIPT,
    parent_id: "msg_1",
    feedback,
  };
  const server = new FakeServer({
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: [] } }),
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    "GET /api/conversations/conv_1/messages": () => ({ body: { items: [answer, QUESTION], next_cursor: null } }),
    [PUT]: ({ body }) => ({ body: { ...(body as Feedback), rated_at: "2026-11-22T12:00:00Z" } }),
    "DELETE /api/messages/msg_2/feedback": () => ({ status: 204 }),
  });
  navigate("/c/conv_1");
  renderPage(<App />, server);
  return server;
}

const up = () => screen.findByRole("button", { name: "A good answer" });
const down = () => screen.findByRole("button", { name: "Not a good answer" });
const pressed = (button: HTMLElement) => button.getAttribute("aria-pressed") === "true";

test("a thumb is shown at once, and words may be added to it", async () => {
  const server = open();
  await userEvent.click(await down());
  expect(pressed(await down())).toBe(true);
  await userEvent.type(screen.getByRole("textbox", { name: /What was good/ }), "Too short.");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(server.calls.at(-1)?.body).toEqual({ rating: "down", comment: "Too short." }));
  expect(await screen.findByRole("button", { name: "Your comment" })).toBeDefined();
  expect(pressed(await up())).toBe(false);
});

test("the same thumb again takes the verdict back", async () => {
  const server = open({ rating: "up", comment: null, rated_at: "2026-11-22T12:00:00Z" });
  expect(pressed(await up())).toBe(true);
  await userEvent.click(await up());
  await waitFor(() => expect(server.calls.at(-1)?.method).toBe("DELETE"));
  expect(pressed(await up())).toBe(false);
});

test("a verdict that the server refuses is not shown", async () => {
  const server = open();
  server.on(PUT, () => problem(503, "database_unavailable"));
  await userEvent.click(await up());
  expect(await screen.findByText("The detail of database_unavailable.")).toBeDefined();
  await waitFor(async () => expect(pressed(await up())).toBe(false));
});
