/** Calls of the HTTP API: with the access token, with a deadline, and with problems as exceptions. */
import { AWAY, isProblem, Problem, problemOf, UNREACHABLE, unreachable } from "@/api/problem";

const DEADLINE_MS = 30_000;
const RENEWABLE = new Set(["token_expired", "token_invalid", "unauthenticated"]);

/** Where the client gets tokens from. */
export interface Tokens {
  /** A token that is valid for some time yet; null where nobody is signed in. Raises Problem. */
  token(): Promise<string | null>;
  /** A token other than the refused one; null where the sign-in is over. Raises Problem. */
  renewed(refused: string): Promise<string | null>;
  /** The server says that the sign-in was ended. */
  ended(): void;
}

/** What was answered before, for when the server cannot be reached. */
export interface Copies {
  /** Keeps the answer to a request that begins now, where it is one to keep. */
  keeper(path: string): (body: unknown) => void;
  /** undefined: nothing is kept. */
  find(path: string): Promise<unknown>;
  /** It is no longer there. */
  forget(path: string): void;
}

/** Who wants to know whether the server answers. */
export interface Reachability {
  find(): void;
  lose(): void;
}

export interface CallOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the answer's head has to be there; null for no deadline. */
  deadline?: number | null;
}

export class ApiClient {
  constructor(
    private readonly tokens: Tokens,
    private readonly fetching: typeof fetch = (...call) => fetch(...call),
    private readonly copies: Copies | null = null,
    private readonly reachability: Reachability | null = null,
  ) {}

  /** Where the server cannot be reached, what it answered before, if that is kept. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const keep = this.copies?.keeper(path);
    try {
      const body = await this.json<T>(path, { signal });
      keep?.(body);
      return body;
    } catch (error) {
      if (isProblem(error, "not_found")) this.copies?.forget(path);
      const copy = isProblem(error, UNREACHABLE) ? await this.copies?.find(path) : undefined;
      if (copy === undefined) throw error;
      return copy as T;
    }
  }

  /** Keeps what get would answer now, where it is known already. */
  keep(path: string, body: unknown): void {
    this.copies?.keeper(path)(body);
  }

  /** It was deleted elsewhere. */
  forget(path: string): void {
    this.copies?.forget(path);
  }

  post<T>(path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    return this.json(path, { ...options, method: "POST", body });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.json(path, { method: "PUT", body });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.json(path, { method: "PATCH", body });
  }

  async delete<T = void>(path: string): Promise<T> {
    const answer = await this.json<T>(path, { method: "DELETE" });
    this.copies?.forget(path);
    return answer;
  }

  /** The answer's JSON; undefined for one without a body. Raises Problem. */
  async json<T>(path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.call(path, options);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** The answer, its body not read yet. A token that has run out is renewed once. Raises Problem. */
  async call(path: string, options: CallOptions = {}): Promise<Response> {
    try {
      return await this.attempt(path, options);
    } catch (error) {
      if (isProblem(error, UNREACHABLE)) this.reachability?.lose();
      throw error;
    }
  }

  private async attempt(path: string, options: CallOptions): Promise<Response> {
    const token = await this.tokens.token();
    let response = await this.send(path, options, token);
    if (response.ok) return response;
    let problem = await problemOf(response);
    if (problem.status === 401 && token && RENEWABLE.has(problem.code)) {
      const next = await this.tokens.renewed(token);
      if (next) {
        response = await this.send(path, options, next);
        if (response.ok) return response;
        problem = await problemOf(response);
      }
    }
    if (token && (problem.code === "session_revoked" || RENEWABLE.has(problem.code))) this.tokens.ended();
    throw problem;
  }

  private async send(path: string, options: CallOptions, token: string | null): Promise<Response> {
    const { method = "GET", body, headers = {}, signal, deadline = DEADLINE_MS } = options;
    const late = new AbortController();
    const timer = deadline === null ? undefined : setTimeout(() => late.abort(), deadline);
    try {
      const response = await this.fetching(path, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        credentials: "same-origin",
        cache: "no-store",
      });
      if (!AWAY.has(response.status)) this.reachability?.find();
      return response;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw error instanceof Problem ? error : unreachable();
    } finally {
      clearTimeout(timer);
    }
  }
}
