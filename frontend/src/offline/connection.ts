/** Whether the server can be reached. It is taken to be there until a request fails; then it is asked until it answers. */
const PROBE = "/api/health/live";
const FIRST_PROBE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const PROBE_MS = 5000;

export class Connection {
  private gone = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly fetching: typeof fetch = (...call) => fetch(...call)) {
    addEventListener("offline", () => this.lose());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** true: the server cannot be reached. */
  snapshot = (): boolean => this.gone;

  /** A request found nobody. */
  lose(): void {
    if (this.gone) return;
    this.gone = true;
    this.probeIn(FIRST_PROBE_MS);
    addEventListener("online", this.probe);
    this.tell();
  }

  /** The server has answered something. */
  find(): void {
    if (!this.gone) return;
    this.gone = false;
    clearTimeout(this.timer);
    removeEventListener("online", this.probe);
    this.tell();
  }

  /** Resolves when the server can be reached again; rejects with the signal's reason. */
  back(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.gone && !signal.aborted) return;
        unsubscribe();
        signal.removeEventListener("abort", look);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      const unsubscribe = this.subscribe(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  private probeIn(pause: number): void {
    this.timer = setTimeout(() => {
      this.probeIn(Math.min(2 * pause, LONGEST_PAUSE_MS));
      this.probe();
    }, pause);
  }

  private probe = (): void => {
    void this.fetching(PROBE, { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) })
      .then((response) => response.ok && this.find())
      .catch(() => undefined);
  };

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
