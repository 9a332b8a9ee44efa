/** Conversations to files and from files: Aether's own, and ChatGPT's conversations.json. */
import type { Conversation } from "@/api/chat";
import type { ApiClient } from "@/api/client";
import { isProblem, Problem } from "@/api/problem";
import { saveFile } from "@/components/save-file";

export type ExportFormat = "markdown" | "json";
export interface ImportResult {
  imported: number;
  skipped: number;
  failed: { title: string; reason: string }[];
}

const BASE = "/api/conversations";
/** What the server takes at once, with room to spare. */
const PIECE_BYTES = 12_000_000;
const PIECE_CONVERSATIONS = 4_000;
const IMPORT_MS = 180_000;
const SUFFIX = { markdown: "md", json: "json" } as const;

/** Saves a conversation as a file. Raises Problem. */
export async function exportConversation(api: ApiClient, { id, title }: Conversation, format: ExportFormat) {
  const response = await api.call(`${BASE}/${id}/export?format=${format}`);
  saveFile(await response.blob(), `${fileName(title)}.${SUFFIX[format]}`);
}

function fileName(title: string): string {
  return (
    title
      .match(/[\p{L}\p{N}]+/gu)
      ?.join("-")
      .slice(0, 60) ?? "conversation"
  );
}

/** Takes in a file's conversations, in pieces. Repeating it changes nothing. Raises Problem. */
export async function importFile(api: ApiClient, file: File): Promise<ImportResult> {
  const { format, conversations } = read(await file.text());
  const total: ImportResult = { imported: 0, skipped: 0, failed: [] };
  for (const piece of pieces(conversations)) {
    const { imported, skipped, failed } = await send(api, { format, conversations: piece });
    total.imported += imported;
    total.skipped += skipped;
    total.failed.push(...failed);
  }
  return total;
}

function read(text: string): { format: string; conversations: unknown[] } {
  const found = parsed(text);
  if (Array.isArray(found)) return { format: "chatgpt", conversations: found };
  const { format, conversations } = (found ?? {}) as { format?: unknown; conversations?: unknown };
  if (typeof format === "string" && Array.isArray(conversations)) return { format, conversations };
  throw new Problem("not_an_export", 422, "This is neither an export of Aether nor ChatGPT's conversations.json.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function pieces(conversations: readonly unknown[], bytes = PIECE_BYTES): unknown[][] {
  const all: unknown[][] = [];
  let size = 0;
  for (const conversation of conversations) {
    const length = new TextEncoder().encode(JSON.stringify(conversation)).length + 1;
    const last = all.at(-1);
    if (last && size + length <= bytes && last.length < PIECE_CONVERSATIONS) last.push(conversation);
    else all.push([conversation]);
    size = last && all.at(-1) === last ? size + length : length;
  }
  return all;
}

/** A piece that comes too soon after the others waits as long as the server says. */
async function send(api: ApiClient, body: unknown): Promise<ImportResult> {
  for (;;) {
    try {
      return await api.post<ImportResult>(`${BASE}/import`, body, { deadline: IMPORT_MS });
    } catch (error) {
      if (!isProblem(error, "rate_limited") || error.retryAfter === null) throw error;
      const milliseconds = error.retryAfter * 1000;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
  }
}
