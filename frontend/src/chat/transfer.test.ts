import { expect, test } from "vitest";
import { ApiClient } from "@/api/client";
import { importFile, pieces } from "@/chat/transfer";
import { Session } from "@/session/session";
import { FakeServer } from "@/testing/render";

const IMPORT = "POST /api/conversations/import";

function taking(file: unknown, server: FakeServer) {
  const api = new ApiClient(new Session(server.fetch), server.fetch);
  return importFile(api, new File([typeof file === "string" ? file : JSON.stringify(file)], "conversations.json"));
}

test("ChatGPT's file is an array, Aether's names its format", async () => {
  const server = new FakeServer({ [IMPORT]: () => ({ body: { imported: 1, skipped: 0, failed: [] } }) });
  await taking([{ title: "One" }], server);
  await taking({ format: "aether", conversations: [{ id: "conv_1" }] }, server);
  expect(server.calls.map((call) => call.body)).toEqual([
    { format: "chatgpt", conversations: [{ title: "One" }] },
    { format: "aether", conversations: [{ id: "conv_1" }] },
  ]);
});

test("another file is refused before anything is sent", async () => {
  const server = new FakeServer();
  await expect(taking("<html>", server)).rejects.toMatchObject({ code: "not_an_export" });
  await expect(taking({ other: 1 }, server)).rejects.toMatchObject({ code: "not_an_export" });
  expect(server.calls).toEqual([]);
});

test("a large file goes in pieces, nothing is left out and none is too large", () => {
  const all = Array.from({ length: 50 }, (_, number) => ({ number, text: "ł".repeat(30) }));
  const found = pieces(all, 1000);
  expect(found.flat()).toEqual(all);
  for (const piece of found) expect(new TextEncoder().encode(JSON.stringify(piece)).length).toBeLessThanOrEqual(1001);
  expect(found.length).toBeGreaterThan(1);
});
