import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { IconButton } from "@/components/button";
import { Menu } from "@/components/menu";
import { FakeServer, renderPage } from "@/testing/render";

function open(onSelect: () => void) {
  renderPage(
    <Menu
      label="Fruit"
      entries={[
        { label: "Apple", onSelect: () => undefined },
        { label: "Pear", onSelect },
      ]}
      button={(props) => <IconButton icon="more" label="Choose" {...props} />}
    />,
    new FakeServer(),
  );
  return userEvent.click(screen.getByRole("button", { name: "Choose" }));
}

test("the keyboard alone chooses", async () => {
  const chosen = vi.fn();
  await open(chosen);
  expect(document.activeElement?.textContent).toBe("Apple");
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(chosen).toHaveBeenCalledOnce();
  expect(screen.queryByRole("menu")).toBeNull();
});

test("Escape closes it and gives the focus back", async () => {
  await open(() => undefined);
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("menu")).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Choose" }));
});

test.each([
  ["below its button", 100, 300, "124px"],
  ["above it where there is no room below", 700, 300, "396px"],
  ["over it where there is none either", 250, 568, "192px"],
])("it opens %s", async (_, top, height, expected) => {
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(height);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(10, top, 30, 20));
  await open(() => undefined);
  expect(screen.getByRole("menu").style.top).toBe(expected);
});
