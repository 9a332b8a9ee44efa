import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { App } from "@/app";
import { navigate } from "@/router";
import { FakeServer, renderPage, USER } from "@/testing/render";
import { conversation, withLayout } from "@/testing/samples";

const SHARE = { id: "shr_1", conversation_id: "conv_1", title: "Lists", created_at: USER.created_at };
const CONVERSATION = conversation("conv_1", "Lists");

beforeEach(() => {
  withLayout();
});

test("a conversation's menu makes a link, which is shown once", async () => {
  const server = new FakeServer({
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    "GET /api/conversations/conv_1": () => ({ body: CONVERSATION }),
    "GET /api/conversations/conv_1/messages": () => ({ body: { items: [], next_cursor: null } }),
    "POST /api/conversations/conv_1/share": () => ({
      status: 201,
      body: { ...SHARE, url_path: "/#/shared/the-token" },
    }),
  });
  navigate("/c/conv_1");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "More for “Lists”" }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Share by a link" }));
  expect(server.calls.some((call) => call.method === "POST" && call.path.endsWith("/share"))).toBe(false);
  await userEvent.click(screen.getByRole("button", { name: "Make the link" }));
  const link = await screen.findByLabelText<HTMLInputElement>("Link");
  expect(link.value).toBe(`${location.origin}/#/shared/the-token`);
});

test("what is shared is the branch that is shown", async () => {
  const question = {
    id: "msg_1",
    role: "user",
    content: "How?",
    status: "complete",
    agent: null,
    receipt: null,
    responses: [],
    reasoning: null,
    parent_id: null,
    feedback: null,
    created_at: USER.created_at,
  };
  const answer = { ...question, role: "assistant", agent: "dev", parent_id: "msg_1" };
  const items = [{ ...answer, id: "msg_3", content: "So." }, { ...answer, id: "msg_2", content: "Thus." }, question];
  const server = new FakeServer({
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    "GET /api/conversations/conv_1": () => ({ body: CONVERSATION }),
    "GET /api/conversations/conv_1/messages": () => ({ body: { items, next_cursor: null } }),
    "POST /api/conversations/conv_1/share": () => ({
      status: 201,
      body: { ...SHARE, url_path: "/#/shared/the-token" },
    }),
  });
  navigate("/c/conv_1");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Previous version" }));
  expect(await screen.findByText("Thus.")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "More for “Lists”" }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Share by a link" }));
  await userEvent.click(screen.getByRole("button", { name: "Make the link" }));
  await screen.findByLabelText("Link");
  expect(server.calls.find((call) => call.path.endsWith("/share"))?.body).toEqual({ message_id: "msg_2" });
});

test("a link is taken back", async () => {
  let items = [SHARE];
  const server = new FakeServer({
    "GET /api/shares": () => ({ body: { items, next_cursor: null } }),
    "DELETE /api/shares/shr_1": () => {
      items = [];
      return { status: 204 };
    },
  });
  navigate("/account/shares");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Take back the link to “Lists”" }));
  expect(await screen.findByText(/You share nothing/)).toBeDefined();
});

test("what is shared is read without an account, and markup in it is text", async () => {
  const messages = [
    { role: "user", content: "How? <img src=x onerror=alert(1)>", agent: null, created_at: USER.created_at },
    {
      role: "assistant",
      content: "Like **this** <script>alert(1)</script>",
      agent: "dev",
      created_at: USER.created_at,
    },
  ];
  const server = new FakeServer({
    "GET /api/shared/tok": () => ({ body: { title: "Lists", created_at: USER.created_at, messages } }),
  });
  navigate("/shared/tok");
  const { container } = renderPage(<App />, server, null);
  expect(await screen.findByRole("heading", { name: "Lists" })).toBeDefined();
  expect(within(screen.getByRole("article", { name: "Dev" })).getByText("this").tagName).toBe("STRONG");
  expect(container.querySelector("script, img")).toBeNull();
  expect(server.calls.map((call) => call.path)).toEqual(["/api/shared/tok"]);
});

test("a link that was taken back says so", async () => {
  navigate("/shared/tok");
  renderPage(<App />, new FakeServer(), null);
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("Nothing is shared here"));
});
