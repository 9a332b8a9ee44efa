import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import type { Message } from "@/api/chat";
import { App } from "@/app";
import { checkedBody } from "@/chat/target";
import { currentPath, navigate } from "@/router";
import { FakeServer, problem, renderPage } from "@/testing/render";
import { question, withLayout } from "@/testing/samples";
import { FakeStream, RECEIPT } from "@/testing/stream";

const MESSAGES = "GET /api/conversations/conv_1/messages";
const POST = "POST /api/ai/v4/chat/stream";
const AGENTS = [
  { id: "dev", name: "Dev", role: "Developer", description: "", tier: "small" },
  { id: "luna", name: "Luna", role: "Designer", description: "", tier: "small" },
];

const QUESTION = question("Hello <script>alert(1)</script>");
/** As the server stores it while it is being answered. */
const pending = (): Message[] => [{ ...ANSWER, status: "pending", content: "", receipt: null }, QUESTION];
const ANSWER: Message = {
  ...QUESTION,
  id: "msg_2",
  role: "assistant",
  content: "All **good**.",
  agent: "dev",
  receipt: RECEIPT,
  parent_id: "msg_1",
};

beforeEach(() => {
  withLayout();
});

function server(messages: () => Message[] = () => [ANSWER, QUESTION]): FakeServer {
  return new FakeServer({
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: AGENTS } }),
    "POST /api/ai/v4/chat/estimate": () => problem(503, "overloaded"),
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    [MESSAGES]: () => ({ body: { items: messages(), next_cursor: null } }),
  });
}

async function ask(text: string): Promise<void> {
  await userEvent.type(await screen.findByRole("textbox", { name: "Message" }), `${text}{Enter}`);
}

test("an answer arrives, gets an address, and is replaced by what is stored", async () => {
  const stream = new FakeStream();
  let messages = pending();
  const fake = server(() => messages).on(POST, () => stream.connect());
  renderPage(<App />, fake);
  await ask("Hello");
  await waitFor(() => expect(fake.calls.some((call) => call.path.endsWith("/chat/stream"))).toBe(true));
  stream.metadata();
  await waitFor(() => expect(currentPath()).toBe("/c/conv_1"));
  stream.send("token", { content: "All **go" });
  expect(await screen.findByText(/All \*\*go/)).toBeDefined();
  messages = [ANSWER, QUESTION];
  stream.send("token", { content: "od**." });
  stream.send("done", RECEIPT);
  expect(await screen.findByText("good")).toBeDefined();
  expect(await screen.findByText("Dev answered: All **good**.")).toBeDefined();
  expect(await screen.findByRole("button", { name: /Receipt:.*gpt-oss-20b/ })).toBeDefined();
  expect(sessionStorage.length).toBe(0);
});

test("a message with a script tag is text, as question and as answer", async () => {
  navigate("/c/conv_1");
  const { container } = renderPage(
    <App />,
    server(() => [{ ...ANSWER, content: QUESTION.content }, QUESTION]),
  );
  expect(await screen.findAllByText(/<script>alert\(1\)<\/script>/)).toHaveLength(2);
  expect(container.querySelector("script")).toBeNull();
});

test("a reload in the middle of an answer takes it up under the same key", async () => {
  const stream = new FakeStream();
  const fake = server(() => []).on(POST, () => stream.connect());
  const first = renderPage(<App />, fake);
  await ask("Hello");
  await waitFor(() => expect(sessionStorage.length).toBe(1));
  const key = fake.calls.find((call) => call.path.endsWith("/chat/stream"))?.headers.get("idempotency-key");
  first.unmount();
  const again = new FakeStream();
  const reloaded = server(pending).on(POST, () => again.connect());
  renderPage(<App />, reloaded);
  await waitFor(() => expect(reloaded.calls.some((call) => call.path.endsWith("/chat/stream"))).toBe(true));
  const call = reloaded.calls.find((other) => other.path.endsWith("/chat/stream"));
  expect(call?.headers.get("idempotency-key")).toBe(key);
  expect(call?.body).toMatchObject({ message: "Hello" });
  again.metadata();
  again.send("token", { content: "Still here" });
  expect(await screen.findByText("Still here")).toBeDefined();
});

test("stopping deletes the stream", async () => {
  const stream = new FakeStream();
  const fake = server(() => [])
    .on(POST, () => stream.connect())
    .on("DELETE /api/ai/v4/chat/stream/str_1", () => ({ status: 202 }));
  renderPage(<App />, fake);
  await ask("Hello");
  stream.metadata();
  await waitFor(() => expect(currentPath()).toBe("/c/conv_1"));
  await userEvent.click(await screen.findByRole("button", { name: "Stop" }));
  await waitFor(() => expect(fake.calls.some((call) => call.method === "DELETE")).toBe(true));
});

test("a question that is refused says why and can be dismissed", async () => {
  const fake = server().on(POST, () => problem(402, "budget_exceeded"));
  renderPage(<App />, fake);
  await ask("Hello");
  expect((await screen.findByRole("alert")).textContent).toContain("The detail of budget_exceeded.");
  await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(await screen.findByText("What are you working on?")).toBeDefined();
});

test("an edited question begins a branch, and an answer can be given anew", async () => {
  const stream = new FakeStream();
  const fake = server().on(POST, () => stream.connect());
  navigate("/c/conv_1");
  renderPage(<App />, fake);
  await userEvent.click(await screen.findByRole("button", { name: "Edit and ask again" }));
  const area = screen.getByRole("textbox", { name: "Edit and ask again" });
  await userEvent.clear(area);
  await userEvent.type(area, "Hello again");
  await userEvent.click(screen.getByRole("button", { name: "Ask again" }));
  await waitFor(() =>
    expect(fake.calls.at(-1)?.body).toMatchObject({
      message: "Hello again",
      conversation_id: "conv_1",
      parent_id: "root",
    }),
  );
});

test("the receipt tells agent, model, why, cost and what the largest model would have cost", async () => {
  navigate("/c/conv_1");
  renderPage(<App />, server());
  await userEvent.click(await screen.findByRole("button", { name: /Receipt/ }));
  for (const text of ["Dev, Developer", "openai/gpt-oss-20b", "the message speaks of python", "$0.000066375"])
    expect(screen.getByText(text)).toBeDefined();
  expect(screen.getByText("The largest model would have cost $0.00013275")).toBeDefined();
});

test("an answer is checked where the user wants it, by one agent and not in the quick mode", async () => {
  const stream = new FakeStream();
  const fake = server(() => []).on(POST, () => stream.connect());
  renderPage(<App />, fake);
  const label = /Check the answer/;
  await userEvent.click(await screen.findByRole("button", { name: label, pressed: false }));
  expect(screen.getByRole("button", { name: label, pressed: true })).toBeDefined();
  await ask("Hello");
  await waitFor(() => expect(fake.calls.at(-1)?.body).toMatchObject({ message: "Hello", cascade: true }));
  expect(checkedBody("quick", true)).toEqual({});
  expect(checkedBody("team", true)).toEqual({});
  expect(checkedBody("dev", false)).toEqual({});
});

test("the receipt of an answer that was given up for another shows both calls and when they were", async () => {
  const call = { purpose: "answer", model: "small", tokens_used: 12, cost: "0.001", response_time: 1 };
  const calls = [call, { ...call, purpose: "escalation", model: "large", cost: "0.002", response_time: 3 }];
  navigate("/c/conv_1");
  renderPage(
    <App />,
    server(() => [{ ...ANSWER, receipt: { ...RECEIPT, calls, cascade: { escalated: true } } }, QUESTION]),
  );
  await userEvent.click(await screen.findByRole("button", { name: /Receipt/ }));
  expect(screen.getByText("small: 12 tokens, $0.001")).toBeDefined();
  expect(screen.getByText("large: 12 tokens, $0.002")).toBeDefined();
  const times = screen.getByRole("table", { name: "Times" });
  expect(within(times).getByRole("row", { name: /First answer, given up.*1/ })).toBeDefined();
  expect(within(times).getByRole("row", { name: /Answer.*3/ })).toBeDefined();
});

test("a reused answer says so and can be had afresh", async () => {
  const stream = new FakeStream();
  const reused = { ...RECEIPT, cached: true, cost: "0", cache: { layer: "l2", age_s: 7300, saved: "0.0003" } };
  const fake = server(() => [{ ...ANSWER, receipt: reused }, QUESTION]).on(POST, () => stream.connect());
  navigate("/c/conv_1");
  renderPage(<App />, fake);
  expect(await screen.findByText("reused, 2 hr old, saved $0.0003")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Ask afresh" }));
  await waitFor(() => expect(fake.calls.at(-1)?.body).toMatchObject({ use_cache: false, regenerate_of: "msg_2" }));
});

test("a team shows who has answered, who failed and who still writes", async () => {
  localStorage.setItem("aether.target", "team");
  const stream = new FakeStream();
  const fake = server(() => []).on(POST, () => stream.connect());
  renderPage(<App />, fake);
  await ask("Hello");
  await waitFor(() => expect(fake.calls.at(-1)?.body).toMatchObject({ mode: "multi-agent" }));
  stream.metadata({ agent: null, agents: ["dev", "luna"], models: {} });
  const part = { status: "ok", error: null, model_used: "m", tokens_used: 1, cost: "0", response_time: 2 };
  stream.send("agent_done", { ...part, agent_type: "luna", status: "failed", error: "It broke.", response: null });
  const team = await screen.findByRole("region", { name: "The agents' answers" });
  await waitFor(() => expect(within(team).getByRole("button", { name: /Luna/ }).textContent).toContain("failed"));
  stream.send("token", { content: "Dev's words", agent: "dev" });
  await waitFor(() => expect(within(team).getByRole("button", { name: /Dev/ }).textContent).toContain("writing"));
  await userEvent.click(within(team).getByRole("button", { name: /Dev/ }));
  expect(await within(team).findByText("Dev's words")).toBeDefined();
  stream.send("agent_done", { ...part, agent_type: "dev", response: "Dev's words" });
  await waitFor(() => expect(within(team).getByRole("button", { name: /Dev/ }).textContent).toContain("2 sec"));
});

test("a quote says what a team is worth; a click asks that team, for this question only", async () => {
  const range = (low: string, high: string) => ({ low, high });
  const quote = {
    agent: { id: "dev", name: "Dev", role: "" },
    model: "openai/small",
    reasons: [],
    cost: range("0.001", "0.002"),
    cache_likelihood: 0,
    expected_seconds: 2,
    team_worth: {
      verdict: "team",
      why: "",
      agents: ["luna", "dev"],
      parts: [
        { agent: "luna", text: "Draw the page" },
        { agent: "dev", text: "write the code" },
      ],
      gain: 0.5,
      one: range("0.001", "0.002"),
      team: range("0.004", "0.008"),
      times: 3.5,
    },
  };
  const stream = new FakeStream();
  const fake = server()
    .on("POST /api/ai/v4/chat/estimate", () => ({ body: quote }))
    .on(POST, () => stream.connect());
  renderPage(<App />, fake);
  const box = await screen.findByRole("textbox", { name: "Message" });
  await userEvent.type(box, "Draw the page and write the code");
  const line = await screen.findByText(/Luna: “Draw the page” · Dev: “write the code”/);
  expect(line.textContent).toContain("1 of 2 parts outside its field");
  expect(line.textContent).toContain("about 3.5 times as much");
  await userEvent.click(await screen.findByRole("button", { name: /Ask Luna, Dev together: \$0.004/ }));
  expect(screen.getByRole("button", { name: /Who answers: *Luna, Dev/ })).toBeDefined();
  await userEvent.type(box, "{Enter}");
  await waitFor(() => expect(fake.calls.some((call) => call.path.endsWith("/chat/stream"))).toBe(true));
  const asked = fake.calls.find((call) => call.path.endsWith("/chat/stream"));
  expect(asked?.body).toMatchObject({ mode: "multi-agent", agents: ["luna", "dev"] });
  expect(screen.getByRole("button", { name: /Who answers: *Automatic/ })).toBeDefined();
});
