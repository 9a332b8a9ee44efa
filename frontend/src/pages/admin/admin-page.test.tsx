import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { App } from "@/app";
import { navigate } from "@/router";
import { FakeServer, renderPage, USER } from "@/testing/render";

const ADMIN = { ...USER, id: "user_0", role: "admin" } as const;
const GUEST = {
  id: "user_2",
  email: "grace@example.com",
  name: "Grace",
  role: "user",
  created_at: "2026-11-22T12:00:00Z",
  verified_at: null,
  disabled_at: null,
  budget: null,
};
const SPENDING = { enabled: true, spent_hour: "0.5", spent_month: "12.25", cap_hour: "2", cap_month: null };

function usersServer(): FakeServer {
  return new FakeServer({
    "GET /api/admin/users": () => ({ body: { items: [GUEST], next_cursor: null } }),
    "PATCH /api/admin/users/user_2": () => ({ body: GUEST }),
    "PATCH /api/admin/users/user_2/budget": () => ({ body: {} }),
  });
}

async function choose(entry: string): Promise<void> {
  await userEvent.click(await screen.findByRole("button", { name: "More for grace@example.com" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: entry }));
}

test("who is no administrator is told so and asks the server nothing", async () => {
  const server = new FakeServer();
  navigate("/admin/users");
  renderPage(<App />, server, USER);
  expect(await screen.findByText("Only administrators may come here")).toBeDefined();
  expect(server.calls).toEqual([]);
});

test("an account is closed only after a question", async () => {
  const server = usersServer();
  navigate("/admin/users");
  renderPage(<App />, server, ADMIN);
  await choose("Close the account");
  expect(server.calls.some((call) => call.method === "PATCH")).toBe(false);
  const dialog = await screen.findByRole("dialog");
  await userEvent.click(within(dialog).getByRole("button", { name: "Close the account" }));
  expect(await screen.findByText("grace@example.com was changed.")).toBeDefined();
  expect(server.calls.find((call) => call.method === "PATCH")?.body).toEqual({ disabled: true });
});

test("an empty field of a budget means no bound, and money stays text", async () => {
  const server = usersServer();
  navigate("/admin/users");
  renderPage(<App />, server, ADMIN);
  await choose("Set a budget");
  await userEvent.type(await screen.findByLabelText("Cost in USD"), "0.50");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(server.calls.some((call) => call.method === "PATCH")).toBe(true));
  expect(server.calls.find((call) => call.method === "PATCH")?.body).toEqual({ tokens: null, cost_usd: "0.50" });
});

test("what is searched for is asked of the server, by address and role", async () => {
  const server = usersServer();
  navigate("/admin/users");
  renderPage(<App />, server, ADMIN);
  await userEvent.type(await screen.findByLabelText("Address begins with"), "gr");
  await userEvent.selectOptions(screen.getByLabelText("Role"), "admin");
  await waitFor(() => expect(server.calls.at(-1)?.path).toBe("/api/admin/users?query=gr&role=admin&limit=50"));
});

test("an administrator cannot close the own account", async () => {
  const server = usersServer();
  navigate("/admin/users");
  renderPage(<App />, server, { ...ADMIN, id: "user_2" });
  await userEvent.click(await screen.findByRole("button", { name: "More for grace@example.com" }));
  expect(await screen.findByRole("menuitem", { name: "Set a budget" })).toBeDefined();
  expect(screen.queryByRole("menuitem", { name: "Close the account" })).toBeNull();
});

test("spending stops after a question and says that it has stopped", async () => {
  const server = new FakeServer({
    "GET /api/admin/spending": () => ({ body: SPENDING }),
    "PUT /api/admin/spending": () => ({ body: { ...SPENDING, enabled: false } }),
  });
  navigate("/admin/spending");
  renderPage(<App />, server, ADMIN);
  expect(await screen.findByText("$12.25")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Stop all spending" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.click(within(dialog).getByRole("button", { name: "Stop all spending" }));
  expect(await screen.findByText(/No model is called\. Answers/)).toBeDefined();
  expect(server.calls.find((call) => call.method === "PUT")?.body).toEqual({ enabled: false });
});

test("the audit log opens with the account that was asked for", async () => {
  const server = new FakeServer({ "GET /api/admin/audit": () => ({ body: { items: [], next_cursor: null } }) });
  navigate("/admin/audit?user=user_7");
  renderPage(<App />, server, ADMIN);
  expect(await screen.findByText("Nothing was recorded that fits.")).toBeDefined();
  expect(server.calls[0]?.path).toBe("/api/admin/audit?user=user_7&limit=50");
});

test("similar answers that switched themselves off say why, and are allowed again by a click", async () => {
  const off = {
    allowed: true,
    enabled: false,
    reason: "more than 2% of the hits were false",
    since: "2026-11-22T12:00:00Z",
    served: 40,
    disputed: 1,
    audited: 3,
    differed: 2,
    false_share: 0.667,
    low: 0.208,
    high: 0.939,
    certain: 0.208,
    ceiling: 0.02,
    audited_share: 0.05,
  };
  const server = new FakeServer({
    "GET /api/admin/similar-answers": () => ({ body: off }),
    "PUT /api/admin/similar-answers": () => ({ body: { ...off, enabled: true, reason: null } }),
  });
  navigate("/admin/similar");
  renderPage(<App />, server, ADMIN);
  expect(await screen.findByText(/more than 2% of the hits were false/)).toBeDefined();
  expect(screen.getByText("21% to 94%, with 95% confidence")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Allow them again" }));
  expect(await screen.findByText(/Users who want them get answers/)).toBeDefined();
  expect(server.calls.find((call) => call.method === "PUT")?.body).toEqual({ enabled: true });
});
