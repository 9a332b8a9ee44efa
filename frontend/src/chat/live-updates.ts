/**
 * What changes on other devices, told by the server as it happens (GET /api/events).
 *
 * Browsers open few connections to a server, so one tab listens for all of them and passes on what it hears; when it
 * is closed, another one takes over. A connection that breaks is opened again; what was missed in between is unknown,
 * so a resync follows. Where there is no connection, a resync now and then stands in for it.
 */
import type { ApiClient } from "@/api/client";
import { eventsOf } from "@/chat/sse";

export interface LiveUpdate {
  name: string;
  data: { conversation_id?: string; message_id?: string };
}

const PATH = "/api/events";
const NAME = "aether.updates";
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** The server shows every 15 seconds that it is there. */
const SILENCE_MS = 40_000;
const RESYNC: LiveUpdate = { name: "resync", data: {} };

export class LiveUpdates {
  private readonly channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);
  private stopping: AbortController | null = null;

  constructor(
    private readonly api: ApiClient,
    private readonly onUpdate: (update: LiveUpdate) => void,
    private readonly firstWait = FIRST_WAIT_MS,
  ) {
    this.channel?.addEventListener("message", ({ data }: MessageEvent<LiveUpdate>) => {
      if (this.stopping) this.onUpdate(data);
    });
  }

  start(): void {
    if (this.stopping) return;
    const stopping = new AbortController();
    this.stopping = stopping;
    void inTurn(stopping.signal, (waited) => this.listen(stopping.signal, waited)).catch(() => undefined);
  }

  stop(): void {
    this.stopping?.abort();
    this.stopping = null;
  }

  /** waited: another tab has listened until now. */
  private async listen(signal: AbortSignal, waited: boolean): Promise<void> {
    let missed = waited;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const begun = await this.connection(signal, missed);
      if (begun) failures = 0;
      // Updates are away: what is shown is read anew as often as somebody may wait for it.
      else if (failures > 2 && !signal.aborted) this.tell(RESYNC);
      missed = true;
      await pause(Math.min(this.firstWait * 2 ** failures, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2), signal);
    }
  }

  /** Until it ends or breaks. False: it did not come about. */
  private async connection(signal: AbortSignal, missed: boolean): Promise<boolean> {
    const silent = new AbortController();
    const watch = watchdog(() => silent.abort());
    let begun = false;
    try {
      const response = await this.api.call(PATH, { signal: AbortSignal.any([signal, silent.signal]) });
      const body = response.body ?? new ReadableStream<Uint8Array>();
      for await (const { name, data } of eventsOf(body.pipeThrough(watch.stream))) {
        begun = true;
        if (name !== "ready") this.tell({ name, data: data as LiveUpdate["data"] });
        else if (missed) this.tell(RESYNC);
      }
    } catch {
      // It broke, or the server refuses it for now: it is tried again.
    } finally {
      watch.stop();
    }
    return begun;
  }

  private tell(update: LiveUpdate): void {
    this.channel?.postMessage(update);
    this.onUpdate(update);
  }
}

/** Calls back where nothing passes through the stream for a while: a laptop that slept does not hear of a break. */
function watchdog(onSilence: () => void): { stream: TransformStream<Uint8Array, Uint8Array>; stop(): void } {
  let timer = setTimeout(onSilence, SILENCE_MS);
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      clearTimeout(timer);
      timer = setTimeout(onSilence, SILENCE_MS);
      controller.enqueue(chunk);
    },
  });
  return { stream, stop: () => clearTimeout(timer) };
}

/** Works while no other tab does. waited: one did. */
async function inTurn(signal: AbortSignal, work: (waited: boolean) => Promise<void>): Promise<void> {
  if (!("locks" in navigator)) return work(false);
  const { held = [] } = await navigator.locks.query();
  const waited = held.some((lock) => lock.name === NAME);
  await navigator.locks.request(NAME, { signal }, () => work(waited));
}

/** Waits for so long, or until the network is back, or it is to stop. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      removeEventListener("online", finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    addEventListener("online", finish);
    signal.addEventListener("abort", finish);
  });
}
