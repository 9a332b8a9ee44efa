import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { App } from "@/app";
import { currentPath, navigate } from "@/router";
import { FakeServer, renderPage } from "@/testing/render";

function server(): FakeServer {
  return new FakeServer({
    "GET /api/conversations": () => ({ body: { items: [], next_cursor: null } }),
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: [] } }),
  });
}

test("? lists the keys, but not while somebody writes", async () => {
  renderPage(<App />, server());
  const area = await screen.findByRole("textbox", { name: "Message" });
  await userEvent.clear(area);
  await userEvent.type(area, "why?");
  expect(screen.queryByRole("dialog")).toBeNull();
  await userEvent.clear(area);
  area.blur();
  await userEvent.keyboard("?");
  expect(
    within(screen.getByRole("dialog", { name: "Keyboard shortcuts" })).getByText("Send the message"),
  ).toBeDefined();
});

test("the account's menu has the list too", async () => {
  renderPage(<App />, server());
  await userEvent.click(await screen.findByRole("button", { name: /ada@example.com/ }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Keyboard shortcuts" }));
  expect(screen.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeDefined();
});

test("Ctrl K goes to the search, from other pages as well, and Ctrl Shift O to a new chat", async () => {
  navigate("/account/data");
  renderPage(<App />, server());
  await screen.findByRole("heading", { name: "Your data" });
  await userEvent.keyboard("{Control>}k{/Control}");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("searchbox", { name: "Search" })));
  navigate("/account/data");
  await screen.findByRole("heading", { name: "Your data" });
  await userEvent.keyboard("{Control>}{Shift>}o{/Shift}{/Control}");
  await waitFor(() => expect(currentPath()).toBe("/"));
});
