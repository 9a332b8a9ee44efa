import { vi } from "vitest";
import type { Conversation, Message } from "@/api/chat";

const CREATED = "2026-11-22T12:00:00Z";

/** A conversation as the server lists it. */
export function conversation(id: string, title: string, more: Partial<Conversation> = {}): Conversation {
  return {
    id,
    title,
    agent_type: "dev",
    last_message_id: null,
    message_count: 2,
    preview: "",
    pinned: false,
    archived: false,
    folder_id: null,
    temporary: false,
    created_at: CREATED,
    updated_at: CREATED,
    ...more,
  };
}

/** The first question of a conversation, msg_1, as the server stores it. */
export function question(content: string): Message {
  return {
    id: "msg_1",
    role: "user",
    content,
    status: "complete",
    agent: null,
    receipt: null,
    responses: [],
    reasoning: null,
    parent_id: null,
    created_at: CREATED,
  };
}

/** jsdom lays nothing out: without a height a virtual list shows nothing. */
export function withLayout(): void {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(800);
  HTMLElement.prototype.scrollTo ??= () => undefined;
}
