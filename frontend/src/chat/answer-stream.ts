/**
 * The events of one answer, each once, over as many connections as it takes.
 *
 * A connection that breaks is taken up after the last event that was seen. Where even the stream's name is unknown,
 * or the server has forgotten the stream, the question is sent again under its key: the server answers with the same
 * stream from its start, without another call to a model.
 */
import type { StreamBody, StreamMetadata } from "@/api/chat";
import type { ApiClient } from "@/api/client";
import { isProblem, UNREACHABLE, unreachable } from "@/api/problem";
import { eventsOf, type ServerEvent } from "@/chat/sse";

export const STREAM = "/api/ai/v4/chat/stream";
const ATTEMPTS = 12;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;
const OPENING_MS = 90_000;

export interface Asked {
  /** The Idempotency-Key: one for each question that a person sends. */
  key: string;
  body: StreamBody;
}

/**
 * Ends after done or error. Raises Problem where it cannot be had. outage: resolves when the server can be reached
 * again; a question waits for that as long as it takes.
 */
export async function* answerEvents(
  api: ApiClient,
  asked: Asked,
  signal: AbortSignal,
  outage: ((signal: AbortSignal) => Promise<void>) | null = null,
): AsyncGenerator<ServerEvent> {
  let streamId: string | null = null;
  let last = 0;
  let failures = 0;
  for (;;) {
    let away = false;
    try {
      const response: Response = await (streamId === null
        ? ask(api, asked, signal)
        : resume(api, streamId, last, signal));
      for await (const event of eventsOf(response.body ?? new ReadableStream())) {
        failures = 0;
        if (event.name === "metadata") streamId = (event.data as StreamMetadata).stream_id;
        if (event.id <= last) continue;
        last = event.id;
        yield event;
        if (event.name === "done" || event.name === "error") return;
      }
    } catch (error) {
      if (signal.aborted) throw error;
      away = outage !== null && isProblem(error, UNREACHABLE);
      if (isProblem(error, "not_found") && streamId !== null) streamId = null;
      else if (isProblem(error) && !worthAnother(error.status, last)) throw error;
    }
    failures += 1;
    if (away) await outage?.(signal);
    else if (failures > ATTEMPTS) throw unreachable();
    await connected(Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS), signal);
  }
}

/** A connection that failed is tried again; what the server refuses, only once an answer has begun. */
function worthAnother(status: number, last: number): boolean {
  return status === 0 || (last > 0 && status >= 502);
}

function ask(api: ApiClient, { key, body }: Asked, signal: AbortSignal): Promise<Response> {
  const headers = { "idempotency-key": key };
  return api.call(STREAM, { method: "POST", body, headers, signal, deadline: OPENING_MS });
}

function resume(api: ApiClient, streamId: string, last: number, signal: AbortSignal): Promise<Response> {
  return api.call(`${STREAM}/${streamId}`, { headers: { "last-event-id": String(last) }, signal });
}

/** Waits for so long, or until the browser says that the network is back. */
function connected(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      removeEventListener("online", back);
      signal.removeEventListener("abort", stop);
      settle();
    };
    const back = (): void => finish(resolve);
    const stop = (): void => finish(() => reject(signal.reason));
    const timer = setTimeout(back, milliseconds);
    addEventListener("online", back);
    signal.addEventListener("abort", stop);
  });
}
