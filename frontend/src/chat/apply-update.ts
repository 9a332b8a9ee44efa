/** What an update from the server changes in what this tab shows. */
import type { QueryClient } from "@tanstack/react-query";
import type { ApiClient } from "@/api/client";
import { isProblem } from "@/api/problem";
import type { Answers } from "@/chat/answers";
import { dropConversation, LISTS, refreshConversation } from "@/chat/conversations";
import { FOLDERS } from "@/chat/folders";
import type { LiveUpdate } from "@/chat/live-updates";
import { mergeNewest, messagesKey } from "@/chat/messages";

/** A question and its answer are two updates, and renaming may be a third: they are read together. */
const TOGETHER_MS = 200;

export class UpdateReader {
  private readonly waiting = new Map<string, { messages: boolean }>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly queries: QueryClient,
    private readonly api: ApiClient,
    private readonly answers: Answers,
  ) {}

  take = ({ name, data }: LiveUpdate): void => {
    const { conversation_id: id = "", message_id: messageId = "" } = data;
    if (name === "resync") this.resync();
    else if (name === "folders_changed") void this.queries.invalidateQueries({ queryKey: FOLDERS });
    else if (name.startsWith("alert_")) void this.queries.invalidateQueries({ queryKey: ALERTS });
    else if (name === "conversation_deleted") this.deleted(id);
    else if (id && !this.isOwn(id, messageId)) this.read(id, messageId !== "");
  };

  /** This tab is being answered there and reads what is stored when the answer is complete. */
  private isOwn(conversationId: string, messageId: string): boolean {
    const running = this.answers.all.some((live) => live.conversationId === conversationId);
    return messageId !== "" && (running || this.answers.keys.has(messageId));
  }

  private deleted(id: string): void {
    this.waiting.delete(id);
    dropConversation(this.queries, id);
    this.api.forget(`/api/conversations/${id}`);
    // Where it is open, the page says that it is gone.
    void this.queries.invalidateQueries({ queryKey: messagesKey(id) });
  }

  private read(id: string, messages: boolean): void {
    this.waiting.set(id, { messages: messages || (this.waiting.get(id)?.messages ?? false) });
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const all = [...this.waiting];
      this.waiting.clear();
      for (const [name, wanted] of all) void this.refresh(name, wanted.messages);
    }, TOGETHER_MS);
  }

  private async refresh(id: string, messages: boolean): Promise<void> {
    try {
      await refreshConversation(this.queries, this.api, id);
      if (messages && this.queries.getQueryData(messagesKey(id))) await mergeNewest(this.queries, this.api, id);
    } catch (error) {
      if (isProblem(error, "not_found")) dropConversation(this.queries, id);
      // Else it is read with the next update, or when its page is opened.
    }
  }

  /** Updates were missed: the lists are read anew, and the newest messages of what is open. */
  private resync(): void {
    for (const queryKey of [LISTS, FOLDERS, ALERTS]) void this.queries.invalidateQueries({ queryKey });
    for (const query of this.queries.getQueryCache().findAll({ queryKey: ["messages"], type: "active" })) {
      const id = query.queryKey[1];
      if (typeof id === "string" && id && !this.isOwn(id, "any")) this.read(id, true);
    }
  }
}

/** What administrators see of alerts is read under this key. */
export const ALERTS = ["alerts"] as const;
