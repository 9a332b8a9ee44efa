import { expect, test } from "vitest";
import type { Message } from "@/api/chat";
import { Tree } from "@/chat/branches";
import { differences } from "@/chat/differences";

function message(id: string, role: Message["role"], parent_id: string | null): Message {
  return {
    id,
    role,
    parent_id,
    content: id,
    status: "complete",
    agent: null,
    receipt: null,
    responses: [],
    reasoning: null,
    created_at: "2026-11-22T12:00:00Z",
  };
}

const TREE = new Tree([
  message("q1", "user", null),
  message("a1", "assistant", "q1"),
  message("q2", "user", "a1"),
  message("a2", "assistant", "q2"),
  message("a1b", "assistant", "q1"),
  message("q2b", "user", "a1"),
  message("a3", "assistant", "q2b"),
]);
const ids = (leaf: string | null) => TREE.path(leaf).map((step) => step.message.id);

test("the newest message's branch is shown, or the chosen one", () => {
  expect(ids(null)).toEqual(["q1", "a1", "q2b", "a3"]);
  expect(ids("a1b")).toEqual(["q1", "a1b"]);
  expect(ids("unknown")).toEqual(ids(null));
});

test("alternatives know each other", () => {
  const [, answer, question] = TREE.path(null);
  expect(answer?.siblings.map((sibling) => sibling.id)).toEqual(["a1", "a1b"]);
  expect(question?.siblings.map((sibling) => sibling.id)).toEqual(["q2", "q2b"]);
});

test("going to an alternative goes to where its branch was left", () => {
  expect(TREE.leafOf("q2")).toBe("a2");
  expect(TREE.leafOf("a1")).toBe("a3");
});

test("a branch whose beginning is not loaded begins where it is", () => {
  expect(new Tree([message("a9", "assistant", "older")]).path(null)).toHaveLength(1);
});

test("answers differ in what only one of them says", () => {
  const found = differences([
    { agent: "dev", text: "- Store the photos in object storage.\n- Use signed uploads from the browser." },
    { agent: "atlas", text: "Object storage should store the photos. Add a queue for making thumbnails later." },
  ]);
  expect(found.map((difference) => difference.own)).toEqual([
    ["Use signed uploads from the browser."],
    ["Add a queue for making thumbnails later."],
  ]);
  expect(found[0]?.shared).toBe(0.5);
});
