/**
 * The sign-in of this browser. The access token lives in memory only; the refresh token is a cookie that no script
 * can read. Renewing replaces it, so tabs take turns: a tab that used the one before would end the sign-in.
 */
import type { Tokens } from "@/api/client";
import { isProblem, type Problem, problemOf, UNREACHABLE, unreachable } from "@/api/problem";
import type { SignedIn, User } from "@/api/types";
import { readSetting, writeSetting } from "@/theme";

export type SessionState =
  | { status: "starting" }
  | { status: "unreachable" }
  | { status: "signed-out" }
  | { status: "signed-in"; user: User };

const HINT = "aether.signed-in";
const LOCK = "aether.refresh";
const CHANNEL = "aether.session";
const RENEW_BEFORE_MS = 60_000;
const SPARE_MS = 15_000;
const DEADLINE_MS = 20_000;

export class Session implements Tokens {
  state: SessionState = { status: "starting" };
  private access: { token: string; until: number } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private renewing: Promise<string | null> | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);

  constructor(
    private readonly fetching: typeof fetch = (...call) => fetch(...call),
    private readonly now: () => number = Date.now,
    /** Whose sign-in was here last, for opening the page without the server. */
    private readonly lastUser: () => Promise<User | null> = async () => null,
  ) {
    this.channel?.addEventListener("message", () => this.forget());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): SessionState => this.state;

  /** Takes up the sign-in of the last visit. Without one nothing is asked: most visitors of the sign-in page have none. */
  async start(): Promise<void> {
    if (!readSetting(HINT)) return this.become({ status: "signed-out" });
    try {
      await this.renew();
    } catch (error) {
      const user = isProblem(error, UNREACHABLE) ? await this.lastUser() : null;
      this.become(user ? { status: "signed-in", user } : { status: "unreachable" });
    }
  }

  /** What a sign-in answered. */
  begin(answer: SignedIn): void {
    writeSetting(HINT, "yes");
    this.keep(answer);
  }

  /** The user goes to an identity provider and comes back with a refresh token, or without one. */
  expect(): void {
    writeSetting(HINT, "yes");
  }

  changeUser(user: User): void {
    if (this.state.status === "signed-in") this.become({ status: "signed-in", user });
  }

  async token(): Promise<string | null> {
    if (this.access && this.access.until - this.now() > SPARE_MS) return this.access.token;
    return this.state.status === "signed-in" ? this.renew() : null;
  }

  async renewed(refused: string): Promise<string | null> {
    return this.access && this.access.token !== refused ? this.access.token : this.renew();
  }

  ended(): void {
    this.forget();
  }

  /** Ends the sign-in here, in the other tabs and on the server, which may be away. */
  async signOut(): Promise<void> {
    const token = this.access?.token;
    this.leave();
    const headers: HeadersInit = token ? { authorization: `Bearer ${token}` } : {};
    await this.fetching("/api/auth/logout", { method: "POST", headers, keepalive: true }).catch(() => undefined);
  }

  /** The sign-in is over on the server: ends it here and in the other tabs. */
  leave(): void {
    this.forget();
    this.channel?.postMessage("signed-out");
  }

  /** A new access token; null where the sign-in is over. Callers at the same moment share one request. */
  private renew(): Promise<string | null> {
    this.renewing ??= inTurn(() => this.refresh()).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private async refresh(): Promise<string | null> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const response = await this.fetching("/api/auth/refresh", { method: "POST", signal }).catch(() => null);
    if (response === null) throw unreachable();
    if (response.ok) {
      this.keep((await response.json()) as SignedIn);
      return this.access?.token ?? null;
    }
    const problem: Problem = await problemOf(response);
    if (problem.status !== 401) throw problem;
    this.forget();
    return null;
  }

  private keep(answer: SignedIn): void {
    const lifetime = answer.expires_in * 1000;
    this.access = { token: answer.access_token, until: this.now() + lifetime };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.renew().catch(() => undefined), Math.max(lifetime - RENEW_BEFORE_MS, 1000));
    this.become({ status: "signed-in", user: answer.user });
  }

  private forget(): void {
    clearTimeout(this.timer);
    this.access = null;
    writeSetting(HINT, null);
    this.become({ status: "signed-out" });
  }

  private become(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** Runs while no other tab does. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? await navigator.locks.request(LOCK, work) : work();
}
