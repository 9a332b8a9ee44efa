import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import type { Conversation } from "@/api/chat";
import { Sidebar } from "@/pages/chat/sidebar";
import { currentPath, navigate } from "@/router";
import { type Call, FakeServer, problem, type Reply, renderPage } from "@/testing/render";
import { conversation, withLayout } from "@/testing/samples";

beforeEach(() => {
  withLayout();
});

/** A server with conversations that can be changed. */
function server(all: Conversation[]): FakeServer {
  const stored = new Map(all.map((item) => [item.id, item]));
  const list = ({ path }: Call): Reply => {
    const wanted = new URL(path, "http://x").searchParams;
    const items = [...stored.values()].filter(
      (item) =>
        String(item.pinned) === wanted.get("pinned") && String(item.archived) === (wanted.get("archived") ?? "false"),
    );
    return { body: { items, next_cursor: null } };
  };
  const fake = new FakeServer({
    "GET /api/conversations": list,
    "GET /api/folders": () => ({ body: { items: [{ id: "folder_1", name: "Work", created_at: "" }] } }),
  });
  for (const item of all) {
    fake.on(`PATCH /api/conversations/${item.id}`, ({ body }) => {
      const known = stored.get(item.id);
      if (known) stored.set(item.id, { ...known, ...(body as Partial<Conversation>) });
      return { body: stored.get(item.id) };
    });
    fake.on(`DELETE /api/conversations/${item.id}`, () => {
      stored.delete(item.id);
      return { status: 204 };
    });
    fake.on(`POST /api/conversations/${item.id}/restore`, () => {
      stored.set(item.id, item);
      return { body: item };
    });
  }
  return fake;
}

async function choose(title: string, entry: string): Promise<void> {
  await userEvent.click(await screen.findByRole("button", { name: `More for “${title}”` }));
  await userEvent.click(screen.getByRole("menuitem", { name: entry }));
}

test("pinned conversations come first", async () => {
  renderPage(
    <Sidebar currentId={null} />,
    server([conversation("a", "Newer"), conversation("b", "Kept", { pinned: true })]),
  );
  await screen.findByRole("link", { name: "Newer" });
  const titles = (await screen.findAllByRole("link")).map((link) => link.textContent);
  expect(titles).toEqual(["Kept", "Newer"]);
});

test("a new title is shown before the server has it, and taken back where it refuses", async () => {
  let refuse: (reply: Reply) => void = () => undefined;
  const fake = server([conversation("a", "Old title")]).on(
    "PATCH /api/conversations/a",
    () => new Promise<Reply>((resolve) => (refuse = resolve)),
  );
  renderPage(<Sidebar currentId={null} />, fake);
  await choose("Old title", "Rename");
  const field = screen.getByLabelText("Title");
  await userEvent.clear(field);
  await userEvent.type(field, "New title{Enter}");
  expect(await screen.findByRole("link", { name: "New title" })).toBeDefined();
  refuse(problem(503, "database_unavailable"));
  expect(await screen.findByRole("link", { name: "Old title" })).toBeDefined();
  expect(await screen.findByText("The detail of database_unavailable.")).toBeDefined();
});

test("deleting leaves the conversation, and can be undone", async () => {
  navigate("/c/a");
  renderPage(<Sidebar currentId="a" />, server([conversation("a", "Mistake"), conversation("b", "Other")]));
  await choose("Mistake", "Delete");
  await waitFor(() => expect(screen.queryByRole("link", { name: "Mistake" })).toBeNull());
  expect(currentPath()).toBe("/");
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(await screen.findByRole("link", { name: "Mistake" })).toBeDefined();
  expect(currentPath()).toBe("/c/a");
});

test("archived conversations are in a list of their own", async () => {
  renderPage(<Sidebar currentId={null} />, server([conversation("a", "Done"), conversation("b", "Open")]));
  await choose("Done", "Archive");
  await waitFor(() => expect(screen.queryByRole("link", { name: "Done" })).toBeNull());
  await userEvent.click(screen.getByRole("button", { name: "All conversations" }));
  await userEvent.click(screen.getByRole("menuitemradio", { name: "Archived" }));
  expect(await screen.findByRole("link", { name: "Done" })).toBeDefined();
  expect(screen.queryByRole("link", { name: "Open" })).toBeNull();
});

test("a conversation is put into a folder", async () => {
  const fake = server([conversation("a", "Report")]);
  renderPage(<Sidebar currentId={null} />, fake);
  await choose("Report", "Move to a folder");
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Work" }));
  await waitFor(() => expect(fake.calls.some((call) => call.method === "PATCH")).toBe(true));
  expect(fake.calls.find((call) => call.method === "PATCH")?.body).toEqual({ folder_id: "folder_1" });
});

test("a search is sent once somebody has stopped typing", async () => {
  const hit = { conversation_id: "a", title: "Lists", message_id: "m", role: "user", snippet: "reverse a list" };
  const fake = server([]).on("GET /api/conversations/search", () => ({
    body: { items: [{ ...hit, created_at: "2026-11-22T12:00:00Z" }], next_cursor: null },
  }));
  renderPage(<Sidebar currentId={null} />, fake);
  await userEvent.type(screen.getByRole("searchbox", { name: "Search" }), "reverse list");
  expect(await screen.findByText("reverse a list")).toBeDefined();
  const searches = fake.calls.filter((call) => call.path.includes("/search"));
  expect(searches.map((call) => new URL(call.path, "http://x").searchParams.get("q"))).toEqual(["reverse list"]);
});

test("of a thousand conversations few are in the document", async () => {
  const many = Array.from({ length: 1000 }, (_, index) => conversation(`c${index}`, `Number ${index}`));
  renderPage(<Sidebar currentId={null} />, server(many));
  await screen.findByRole("link", { name: "Number 0" });
  expect(screen.getAllByRole("link").length).toBeLessThan(60);
});
