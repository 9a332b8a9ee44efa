/** One answer while it arrives: what there is of it, and who wants to know of each change. */
import type { AgentRef, AgentResponse, Receipt, Routing, StreamBody, StreamMetadata, StreamToken } from "@/api/chat";
import { Problem } from "@/api/problem";
import type { ServerEvent } from "@/chat/sse";
import { BlockText } from "@/markdown/block-text";

export type LivePhase = "sent" | "streaming" | "done" | "failed";
export type LiveMode = "single" | "team" | "quick";

/** One agent of a team. */
export interface LiveMember {
  text: BlockText;
  /** Its part as it ended; null while it answers. */
  response: AgentResponse | null;
  model: string;
}

/** Milliseconds since the question was sent. */
export interface LiveTimes {
  accepted?: number;
  firstToken?: number;
  lastToken?: number;
  done?: number;
  members: Record<string, { first?: number; done?: number }>;
}

export class LiveAnswer {
  phase: LivePhase = "sent";
  conversationId: string | null;
  messageId: string | null = null;
  streamId: string | null = null;
  agent: AgentRef | null = null;
  model = "";
  routing: Routing | null = null;
  readonly text = new BlockText();
  reasoning = "";
  readonly members = new Map<string, LiveMember>();
  receipt: Receipt | null = null;
  problem: Problem | null = null;
  /** The user wants it to end; what there is of it stays. */
  stopping = false;
  readonly times: LiveTimes = { members: {} };
  /** It has not been sent yet: the server cannot be reached. */
  waiting = false;
  /** Counts the changes: what useSyncExternalStore compares. */
  version = 0;
  private readonly listeners = new Set<() => void>();
  private frame = 0;

  /** key: the Idempotency-Key. question: what the user wrote; empty for a regeneration. */
  constructor(
    readonly key: string,
    readonly mode: LiveMode,
    readonly body: StreamBody,
    readonly askedAt: number = Date.now(),
  ) {
    this.conversationId = body.conversation_id ?? null;
    for (const agent of mode === "team" ? (body.agents ?? []) : []) this.member(agent);
  }

  get running(): boolean {
    return this.phase === "sent" || this.phase === "streaming";
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Takes an event of the stream. */
  take(event: ServerEvent): void {
    const since = Date.now() - this.askedAt;
    if (event.name === "metadata") this.begin(event.data as StreamMetadata, since);
    else if (event.name === "token") this.add(event.data as StreamToken, since);
    else if (event.name === "agent_done") this.memberDone(event.data as AgentResponse, since);
    else if (event.name === "done") this.end(event.data as Receipt, since);
    else if (event.name === "error") this.failWith(event.data as { code: string; status: number; detail: string });
    if (event.name === "token") this.changedSoon();
    else this.changed();
  }

  fail(problem: Problem): void {
    this.phase = "failed";
    this.problem = problem;
    this.changed();
  }

  wait(waiting: boolean): void {
    if (this.waiting === waiting) return;
    this.waiting = waiting;
    this.changed();
  }

  stop(): void {
    this.stopping = true;
    this.changed();
  }

  private begin(data: StreamMetadata, since: number): void {
    this.phase = "streaming";
    this.streamId = data.stream_id;
    this.conversationId = data.conversation_id;
    this.messageId = data.message_id;
    this.agent = data.agent ?? null;
    this.model = data.model ?? "";
    this.routing = data.routing ?? null;
    this.times.accepted ??= since;
    for (const agent of data.agents ?? []) this.member(agent).model = data.models?.[agent] ?? "";
  }

  private add(token: StreamToken, since: number): void {
    if (token.agent) {
      const times = this.memberTimes(token.agent);
      times.first ??= since;
      this.member(token.agent).text.append(token.content);
      return;
    }
    this.times.firstToken ??= since;
    this.times.lastToken = since;
    this.reasoning += token.reasoning ?? "";
    this.text.append(token.content);
  }

  private memberDone(response: AgentResponse, since: number): void {
    const member = this.member(response.agent_type);
    member.response = response;
    member.model = response.model_used;
    member.text.finish();
    this.memberTimes(response.agent_type).done = since;
  }

  private end(receipt: Receipt, since: number): void {
    this.receipt = receipt;
    this.phase = "done";
    this.times.done = since;
    this.text.finish();
  }

  private failWith({ code, status, detail }: { code: string; status: number; detail: string }): void {
    this.phase = "failed";
    this.problem = new Problem(code, status, detail);
    this.text.finish();
  }

  private member(agent: string): LiveMember {
    const known = this.members.get(agent);
    if (known) return known;
    const member: LiveMember = { text: new BlockText(), response: null, model: "" };
    this.members.set(agent, member);
    return member;
  }

  private memberTimes(agent: string): { first?: number; done?: number } {
    this.times.members[agent] ??= {};
    return this.times.members[agent];
  }

  /** Tokens come faster than anybody can read: they are shown once for each frame. */
  private changedSoon(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.changed();
    });
  }

  changed(): void {
    this.version += 1;
    for (const listener of [...this.listeners]) listener();
  }
}
