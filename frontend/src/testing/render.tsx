/** For tests: a component with everything around it that the page has, and a server that answers from a table. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach } from "vitest";
import { ApiClient } from "@/api/client";
import type { User } from "@/api/types";
import { Answers } from "@/chat/answers";
import { ToastProvider } from "@/components/toasts";
import { WordsProvider } from "@/i18n";
import { en } from "@/i18n/en";
import { Connection } from "@/offline/connection";
import { OfflineDatabase } from "@/offline/database";
import { ServicesProvider } from "@/session/context";
import { Session } from "@/session/session";

// A page is a file of its own, which a busy machine may take a while to load.
configure({ asyncUtilTimeout: 10_000 });

// jsdom has none. A mouse and a keyboard, as most tests expect.
window.matchMedia ??= ((query: string) => ({ matches: query.includes("fine") })) as typeof matchMedia;

// jsdom knows the element but not how to open it.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};

export const USER: User = {
  id: "user_1",
  email: "ada@example.com",
  name: "Ada",
  role: "user",
  plan: "free",
  locale: "en",
  retention_days: null,
  verified_at: null,
  created_at: "2026-11-22T12:00:00Z",
};

/** What a request of the page gets. body: an object becomes JSON. */
export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Call {
  method: string;
  path: string;
  body: unknown;
  headers: Headers;
}

export type Handler = (call: Call) => Reply | Response | Promise<Reply | Response>;

/** A server: "POST /api/auth/login" -> its answer. calls: every request so far. An unknown call is a 404. */
export class FakeServer {
  readonly calls: Call[] = [];

  constructor(private readonly handlers: Record<string, Handler> = {}) {}

  on(call: string, handler: Handler): this {
    this.handlers[call] = handler;
    return this;
  }

  fetch: typeof fetch = async (input, init = {}) => {
    const path = String(input);
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const call = { method: init.method ?? "GET", path, body, headers: new Headers(init.headers) };
    this.calls.push(call);
    const handler = this.handlers[`${call.method} ${path}`] ?? this.handlers[`${call.method} ${path.split("?")[0]}`];
    const reply = handler ? await handler(call) : problem(404, "not_found");
    if (reply instanceof Response) return abortable(reply, init.signal ?? null);
    const { status = 200, body: answer, headers = {} } = reply;
    return new Response(answer === undefined ? null : JSON.stringify(answer), { status, headers });
  };
}

/** As of a real fetch, the body breaks off when the signal does. */
function abortable(response: Response, signal: AbortSignal | null): Response {
  if (!signal || !response.body) return response;
  const body = response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
  return new Response(body, { status: response.status, headers: response.headers });
}

export function problem(status: number, code: string, more: Record<string, unknown> = {}): Reply {
  return { status, body: { code, status, detail: `The detail of ${code}.`, ...more } };
}

export function signedIn(user: User = USER, token = "a token"): Reply {
  return { body: { access_token: token, token_type: "bearer", expires_in: 600, user } };
}

interface Page extends RenderResult {
  session: Session;
  queries: QueryClient;
  answers: Answers;
}

/** user null: nobody is signed in. */
export function renderPage(content: ReactNode, server: FakeServer, user: User | null = USER): Page {
  const session = new Session(server.fetch);
  if (user) session.begin(signedIn(user).body as Parameters<Session["begin"]>[0]);
  else void session.start();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const connection = new Connection(server.fetch);
  const api = new ApiClient(session, server.fetch, null, connection);
  const answers = new Answers(api, connection, new OfflineDatabase());
  const result = render(
    <WordsProvider locale="en" catalogue={en}>
      <ServicesProvider value={{ session, api, answers, connection }}>
        <QueryClientProvider client={queries}>
          <ToastProvider>{content}</ToastProvider>
        </QueryClientProvider>
      </ServicesProvider>
    </WordsProvider>,
  );
  return { ...result, session, queries, answers };
}

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  history.replaceState(null, "", "/");
});
