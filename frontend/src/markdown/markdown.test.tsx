import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { BlockText, groupsOf } from "@/markdown/block-text";
import { Markdown } from "@/markdown/markdown";
import { FakeServer, renderPage } from "@/testing/render";

const HOSTILE = [
  "<script>window.hacked = 1</script>",
  '<img src=x onerror="window.hacked = 1">',
  'text with <b onclick="window.hacked = 1">markup</b> in it',
  '<svg><a xlink:href="javascript:window.hacked=1">x</a></svg>',
  "[link](javascript:window.hacked=1)",
  "[link](JaVaScRiPt&colon;window.hacked=1)",
  "[link](data:text/html,<script>window.hacked=1</script>)",
  "![picture](https://elsewhere.example/pixel.png)",
  '![x](" onerror="window.hacked=1)',
  '<iframe src="https://elsewhere.example"></iframe>',
  "| a |\n|---|\n| <script>window.hacked = 1</script> |",
  "- <style>* { display: none }</style>",
].join("\n\n");

function show(text: string): HTMLElement {
  return renderPage(<Markdown text={text} />, new FakeServer()).container;
}

test("scripts, event handlers and foreign pictures stay text", () => {
  const page = show(HOSTILE);
  expect(page.querySelectorAll("script, style, iframe, svg:not(.icon), img, b, [onclick], [onerror]")).toHaveLength(0);
  expect(page.textContent).toContain("<script>window.hacked = 1</script>");
  expect(page.textContent).toContain('<img src=x onerror="window.hacked = 1">');
  const links = [...page.querySelectorAll("a")].map((link) => link.href);
  expect(links).toEqual(["https://elsewhere.example/pixel.png"]);
  expect("hacked" in window).toBe(false);
});

test("no attribute of an answer begins with on, and no address is a script", () => {
  for (const element of show(HOSTILE).querySelectorAll("*"))
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on/);
      expect(value).not.toMatch(/^\s*javascript:/i);
    }
});

test("links open elsewhere and tell nothing", () => {
  show("See [the docs](https://example.org/a?b=c&amp;d).");
  const link = screen.getByRole("link", { name: "the docs" });
  expect(link.getAttribute("href")).toBe("https://example.org/a?b=c&d");
  expect(link.getAttribute("rel")).toContain("noopener");
});

test("what Markdown has is there", () => {
  const page = show(
    "# Title\n\nA **bold** and *slanted* `code` &amp; more, 5 < 6 &copy;\n\n1. one\n2. two\n\n- [x] done\n\n> said\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\nlet x = '<b>';\n```\n",
  );
  expect(screen.getByRole("heading", { name: "Title" })).toBeDefined();
  expect(page.querySelector("p")?.textContent).toBe("A bold and slanted code & more, 5 < 6 ©");
  expect(page.querySelectorAll("ol > li")).toHaveLength(2);
  expect(page.querySelector("td.align-right")?.textContent).toBe("2");
  expect(page.querySelector("pre")?.textContent).toBe("let x = '<b>';");
});

test("amounts in dollars are no formulas", () => {
  const page = show("It costs $5 today and $10 tomorrow, but $x^2$ is one.");
  expect(page.querySelectorAll(".formula")).toHaveLength(1);
  expect(page.textContent).toContain("It costs $5 today and $10 tomorrow");
});

const LONG = `Intro without end\ncontinued.\n\n## Part\n- a\n  - b\n\n    still b\n- c\n\n${"```py\nx = 1\n\ny = 2\n```\n"}after\n\n1. one\n\n   \`\`\`\n   inside\n\n   it\n   \`\`\`\n2. two\n\n$$\na\n\nb\n$$\n\nEnd`;

test("blocks put together are the text, however it arrives", () => {
  for (const size of [1, 2, 7, 1000]) {
    const text = new BlockText();
    for (let at = 0; at < LONG.length; at += size) text.append(LONG.slice(at, at + size));
    expect(text.toString()).toBe(LONG);
    text.finish();
    expect(text.groups.flat().join("")).toBe(LONG);
    expect(text.groups).toEqual(groupsOf(LONG));
  }
});

test("fences, formulas and items are never cut", () => {
  const blocks = groupsOf(LONG).flat();
  const holding = (part: string) => blocks.filter((block) => block.includes(part));
  expect(holding("x = 1")).toEqual(holding("y = 2"));
  expect(holding("inside")).toEqual(holding("   it"));
  expect(holding("$$")).toHaveLength(1);
  expect(holding("- a")).toEqual(holding("still b"));
});

test("the work for a piece does not grow with the text: 20,000 tokens", () => {
  const text = new BlockText();
  const tails: number[] = [];
  for (let token = 0; token < 20_000; token += 1) {
    text.append(token % 40 === 39 ? ".\n\n" : token % 400 === 7 ? "\n```py\nx\n```\n" : " word");
    tails.push(text.tail.length);
  }
  const longest = (from: number, to: number) => Math.max(...tails.slice(from, to));
  expect(longest(19_000, 20_000)).toBeLessThanOrEqual(longest(0, 1_000));
  const before = text.groups.slice(0, -1);
  text.append("One more.\n\nAnd more.\n\n");
  expect(text.groups.slice(0, before.length).every((group, index) => group === before[index])).toBe(true);
});
