/**
 * Every answer that is under way in this tab. It outlives the page that asked: going elsewhere and back finds it, and
 * after a reload of the tab it is taken up again from the questions kept in sessionStorage. A question that the server
 * has not taken is kept in the browser's database, and sent by whichever tab is there when it can be; its key makes
 * the server take it once.
 */
import type { QuickReply, StreamBody } from "@/api/chat";
import type { ApiClient } from "@/api/client";
import { isProblem, Problem, UNREACHABLE, unreachable } from "@/api/problem";
import { answerEvents, STREAM } from "@/chat/answer-stream";
import { LiveAnswer, type LiveMode, type LiveTimes } from "@/chat/live-answer";
import type { Connection } from "@/offline/connection";
import type { OfflineDatabase, Waiting } from "@/offline/database";

const KEY = "aether.pending";
const QUICK = "/api/ai/v4/chat/quick";
const QUICK_MS = 90_000;
/** The server can repeat a stream for so long after its end. */
const RESUMABLE_MS = 10 * 60_000;

/** The server knows a key for a day: later it could take the same question twice. */
const SENDABLE_MS = 23 * 3_600_000;
const LOCK = "aether.question.";

export interface AnswersEvents {
  /** The question is stored: a new conversation has its id now. */
  onAccepted(live: LiveAnswer): void;
  /** It ended; resolves when the stored answer can be shown in its place. */
  onEnded(live: LiveAnswer): Promise<void>;
}

export class Answers {
  /** Another array after each change. */
  all: readonly LiveAnswer[] = [];
  /** Message id -> key of the answer that it was in this tab. */
  readonly keys = new Map<string, string>();
  /** Message id -> when what happened, as this tab saw it. The server keeps only the whole time. */
  readonly times = new Map<string, LiveTimes>();
  private readonly listeners = new Set<() => void>();
  private readonly watchers = new Set<AnswersEvents>();
  private readonly stops = new Map<LiveAnswer, AbortController>();

  constructor(
    private readonly api: ApiClient,
    private readonly connection: Connection,
    private readonly database: OfflineDatabase,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): readonly LiveAnswer[] => this.all;

  watch(events: AnswersEvents): () => void {
    this.watchers.add(events);
    return () => this.watchers.delete(events);
  }

  ask(mode: LiveMode, body: StreamBody): LiveAnswer {
    return this.start(new LiveAnswer(crypto.randomUUID(), mode, body));
  }

  /** Takes up what was under way when the tab was reloaded, and what was never sent. */
  resume(): void {
    void this.resumeWaiting();
    for (const { key, mode, body, askedAt } of stored()) {
      if (Date.now() - askedAt > RESUMABLE_MS || this.all.some((live) => live.key === key)) continue;
      this.start(new LiveAnswer(key, mode, body, askedAt));
    }
  }

  private async resumeWaiting(): Promise<void> {
    const questions = await this.database.all("waiting");
    const elsewhere = await heldLocks();
    for (const { key, mode, body, askedAt } of questions) {
      if (elsewhere.has(LOCK + key) || this.all.some((live) => live.key === key)) continue;
      const live = new LiveAnswer(key, mode, body, askedAt);
      if (Date.now() - askedAt < SENDABLE_MS) this.start(live);
      else {
        live.fail(new Problem("not_sent", 0, ""));
        this.change([...this.all, live]);
      }
    }
  }

  /** Ends an answer; what there is of it is kept. */
  async stop(live: LiveAnswer): Promise<void> {
    live.stop();
    if (live.streamId) await this.api.delete(`${STREAM}/${live.streamId}`);
    else this.stops.get(live)?.abort();
  }

  /** Forgets an answer that failed and was seen. */
  dismiss(live: LiveAnswer): void {
    this.remove(live);
  }

  /** Forgets everything: somebody else may sign in. */
  clear(): void {
    for (const stop of this.stops.values()) stop.abort();
    this.change([]);
  }

  private start(live: LiveAnswer): LiveAnswer {
    const stop = new AbortController();
    this.stops.set(live, stop);
    this.change([...this.all, live]);
    const { key, mode, body, askedAt } = live;
    void this.database.put("waiting", { key, mode, body, askedAt });
    void exclusively(LOCK + key, () => this.run(live, stop.signal));
    return live;
  }

  private async run(live: LiveAnswer, signal: AbortSignal): Promise<void> {
    try {
      if (live.mode === "quick") await this.quick(live, signal);
      else await this.stream(live, signal);
    } catch (error) {
      if (!this.all.includes(live)) return;
      if (signal.aborted) return this.remove(live);
      live.fail(isProblem(error) ? error : unreachable());
    }
    this.stops.delete(live);
    void this.database.remove("waiting", live.key);
    this.save();
    await Promise.all([...this.watchers].map((watcher) => watcher.onEnded(live).catch(() => undefined)));
    // One that failed before it was stored is shown until it is dismissed.
    if (live.phase === "done" || live.messageId) this.remove(live);
  }

  private async stream(live: LiveAnswer, signal: AbortSignal): Promise<void> {
    for await (const event of answerEvents(this.api, live, signal, (stop) => this.outage(live, stop))) {
      live.take(event);
      if (event.name !== "metadata") continue;
      this.accepted(live);
      if (live.stopping) await this.stop(live);
    }
  }

  /** The quick mode has no stream: the whole answer comes at once. */
  private async quick(live: LiveAnswer, signal: AbortSignal): Promise<void> {
    const { message, conversation_id, temporary } = live.body;
    const options = { headers: { "idempotency-key": live.key }, signal, deadline: QUICK_MS };
    const body = { message, conversation_id, temporary };
    const reply = await this.sent(live, signal, () => this.api.post<QuickReply>(QUICK, body, options));
    live.conversationId = reply.conversation_id;
    live.messageId = reply.message_id;
    live.text.append(reply.content);
    live.text.finish();
    live.phase = "done";
    this.accepted(live);
    live.changed();
  }

  /** A question waits as long as the server cannot be reached. */
  private async outage(live: LiveAnswer, signal: AbortSignal): Promise<void> {
    live.wait(true);
    await this.connection.back(signal);
    live.wait(false);
  }

  private accepted(live: LiveAnswer): void {
    void this.database.remove("waiting", live.key);
    if (live.messageId) {
      this.keys.set(live.messageId, live.key);
      this.times.set(live.messageId, live.times);
    }
    for (const watcher of this.watchers) watcher.onAccepted(live);
  }

  /** Sends again, under the same key, as long as nobody is reached. */
  private async sent<T>(live: LiveAnswer, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (signal.aborted || !isProblem(error, UNREACHABLE)) throw error;
        await this.outage(live, signal);
      }
    }
  }

  private remove(live: LiveAnswer): void {
    this.stops.delete(live);
    void this.database.remove("waiting", live.key);
    this.change(this.all.filter((other) => other !== live));
  }

  private change(all: readonly LiveAnswer[]): void {
    this.all = all;
    this.save();
    for (const listener of [...this.listeners]) listener();
  }

  private save(): void {
    const pending: Waiting[] = this.all
      .filter((live) => live.running)
      .map(({ key, mode, body, askedAt }) => ({ key, mode, body, askedAt }));
    try {
      if (pending.length) sessionStorage.setItem(KEY, JSON.stringify(pending));
      else sessionStorage.removeItem(KEY);
    } catch {
      // Without storage an answer is not taken up after a reload; it is in its conversation all the same.
    }
  }
}

/** Runs while no other tab does the same. */
async function exclusively(name: string, work: () => Promise<void>): Promise<void> {
  if ("locks" in navigator) await navigator.locks.request(name, work);
  else await work();
}

async function heldLocks(): Promise<Set<string | undefined>> {
  if (!("locks" in navigator)) return new Set();
  return new Set((await navigator.locks.query()).held?.map((lock) => lock.name));
}

function stored(): Waiting[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Waiting[];
  } catch {
    return [];
  }
}
