import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Prompt } from "@/api/prompts";
import { App } from "@/app";
import { filled, matching, wantedPrompt } from "@/pages/prompts/library";
import { navigate } from "@/router";
import { FakeServer, problem, renderPage, USER } from "@/testing/render";

const EXPLAIN: Prompt = {
  id: "prm_1",
  title: "Explain",
  text: "Explain {{topic}} to {{ the reader }}.",
  variables: ["topic", "the reader"],
  created_at: USER.created_at,
  updated_at: USER.created_at,
};
const PLAIN: Prompt = { ...EXPLAIN, id: "prm_2", title: "Plain words", text: "In plain words:", variables: [] };

function server(prompts = [EXPLAIN, PLAIN]): FakeServer {
  return new FakeServer({
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: [] } }),
    "POST /api/ai/v4/chat/estimate": () => problem(503, "overloaded"),
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    "GET /api/prompts": () => ({ body: { items: prompts, next_cursor: null } }),
  });
}

// jsdom lays nothing out.
Element.prototype.scrollIntoView ??= () => undefined;

const area = () => screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });

test("variables are put in, whatever is written around their names; others stay", () => {
  expect(filled(EXPLAIN.text, { topic: "$& {{x}}", "the reader": "a child" })).toBe("Explain $& {{x}} to a child.");
  expect(filled("{{zażółć}} {{ }} {{left}}", { zażółć: "ok" })).toBe("ok {{ }} {{left}}");
});

test("only the beginning of a message asks for a prompt", () => {
  expect(wantedPrompt("/Exp")).toBe("exp");
  for (const text of ["", "a / b", "/etc/passwd", "/one\ntwo"]) expect(wantedPrompt(text), text).toBeNull();
});

test("titles that begin with what is wanted come first", () => {
  const found = matching([{ ...PLAIN, title: "In Explain" }, EXPLAIN, PLAIN], "explain");
  expect(found.map((prompt) => prompt.title)).toEqual(["Explain", "In Explain"]);
});

test("a slash offers the library; arrows and Enter choose, and nothing is sent", async () => {
  const fake = server();
  renderPage(<App />, fake);
  await userEvent.clear(await area());
  await userEvent.type(await area(), "/");
  const list = await screen.findByRole("listbox", { name: "Prompts" });
  expect(within(list).getByRole("option", { selected: true }).textContent).toContain("Explain");
  await userEvent.keyboard("{ArrowDown}");
  const chosen = within(list).getByRole("option", { selected: true });
  expect((await area()).getAttribute("aria-activedescendant")).toBe(chosen.id);
  await userEvent.keyboard("{Enter}");
  expect((await area()).value).toBe("In plain words:");
  expect(fake.calls.some((call) => call.path.endsWith("/chat/stream"))).toBe(false);
});

test("a prompt with variables asks for them first, and sends nothing", async () => {
  const fake = server();
  renderPage(<App />, fake);
  await userEvent.clear(await area());
  await userEvent.type(await area(), "/expl");
  await screen.findByRole("listbox");
  await userEvent.keyboard("{Enter}");
  const dialog = within(screen.getByRole("dialog", { name: "Explain" }));
  await userEvent.type(dialog.getByLabelText("topic"), "monads");
  await userEvent.type(dialog.getByLabelText("the reader"), "a child");
  await userEvent.click(dialog.getByRole("button", { name: "Insert" }));
  await waitFor(async () => expect((await area()).value).toBe("Explain monads to a child."));
  expect(fake.calls.some((call) => call.path.endsWith("/chat/stream"))).toBe(false);
});

test("Escape closes the list, and the text is a message like any other", async () => {
  const fake = server().on("POST /api/ai/v4/chat/stream", () => problem(402, "budget_exceeded"));
  renderPage(<App />, fake);
  await userEvent.clear(await area());
  await userEvent.type(await area(), "/ex");
  await screen.findByRole("listbox");
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("listbox")).toBeNull();
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(fake.calls.at(-1)?.body ?? {}).toMatchObject({ message: "/ex" }));
});

test("what one account has begun to write is not shown to another", async () => {
  const first = renderPage(<App />, server());
  await userEvent.clear(await area());
  await userEvent.type(await area(), "private");
  first.unmount();
  renderPage(<App />, server(), { ...USER, id: "user_2" });
  expect((await area()).value).toBe("");
});

test("a prompt is made, and an empty library says how", async () => {
  const fake = server([]).on("POST /api/prompts", () => ({ status: 201, body: PLAIN }));
  navigate("/account/prompts");
  renderPage(<App />, fake);
  expect(await screen.findByText("You have no prompts yet.")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "New prompt" }));
  await userEvent.type(screen.getByLabelText("Title"), "Plain words");
  await userEvent.type(screen.getByLabelText("Text"), "In plain words:");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const made = fake.calls.find((call) => call.method === "POST" && call.path === "/api/prompts");
  expect(made?.body).toEqual({ title: "Plain words", text: "In plain words:" });
});

test("instructions are kept, switched off where the user says so", async () => {
  const before = { about: "I write Python.", style: "", enabled: true };
  const fake = new FakeServer({
    "GET /api/preferences": () => ({ body: { instructions: before } }),
    "PUT /api/preferences": ({ body }) => ({ body }),
  });
  navigate("/account/instructions");
  renderPage(<App />, fake);
  await userEvent.type(await screen.findByLabelText("How should answers be?"), "Short.");
  await userEvent.click(screen.getByLabelText("Use these instructions"));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("Saved")).toBeDefined();
  expect(fake.calls.find((call) => call.method === "PUT")?.body).toEqual({
    instructions: { about: "I write Python.", style: "Short.", enabled: false },
  });
});
