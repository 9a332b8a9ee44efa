/** What a conversation shows: its stored messages along one branch, and the answer that is under way. */
import type { Message } from "@/api/chat";
import type { Step, Tree } from "@/chat/branches";
import type { LiveAnswer } from "@/chat/live-answer";

/** As parent_id: the question begins the conversation anew. */
export const ROOT = "root";

export type Row =
  | { kind: "question"; key: string; step: Step }
  | { kind: "sent"; key: string; live: LiveAnswer }
  | { kind: "answer"; key: string; step: Step | null; live: LiveAnswer | null };

/** leaf: the end of the branch that was chosen; null for the newest. keys: message id -> key of the live answer. */
export function rowsOf(
  tree: Tree,
  leaf: string | null,
  live: LiveAnswer | null,
  keys: ReadonlyMap<string, string>,
): Row[] {
  const stored = live?.messageId ? tree.get(live.messageId) : undefined;
  if (!live || stored) return rowsOfPath(tree.path(stored?.id ?? leaf), live, keys);
  const base = baseOf(tree, leaf, live);
  const rows = base === ROOT ? [] : rowsOfPath(tree.path(base), null, keys);
  const sent: Row[] = live.body.regenerate_of ? [] : [{ kind: "sent", key: `q-${live.key}`, live }];
  return [...rows, ...sent, { kind: "answer", key: `a-${live.key}`, step: null, live }];
}

/** The message that a live answer's question, or the answer itself, continues. */
function baseOf(tree: Tree, leaf: string | null, live: LiveAnswer): string | null {
  const { regenerate_of, parent_id } = live.body;
  if (regenerate_of) return tree.get(regenerate_of)?.parent_id ?? leaf;
  return parent_id ?? leaf;
}

function rowsOfPath(path: Step[], live: LiveAnswer | null, keys: ReadonlyMap<string, string>): Row[] {
  return path.map((step, index) => {
    const { message } = step;
    if (message.role === "user") return { kind: "question", key: questionKey(message, path[index + 1], keys), step };
    const own = live !== null && live.messageId === message.id;
    return { kind: "answer", key: answerKey(message, keys), step, live: own ? live : null };
  });
}

/** The same key as while the answer arrived, so that the row stays the same element. */
function answerKey(message: Message, keys: ReadonlyMap<string, string>): string {
  const key = keys.get(message.id);
  return key ? `a-${key}` : message.id;
}

function questionKey(message: Message, next: Step | undefined, keys: ReadonlyMap<string, string>): string {
  const key = next && keys.get(next.message.id);
  return key && next.siblings.length === 1 ? `q-${key}` : message.id;
}
