/** An error of the server (RFC 9457), or of the way to it. code is stable, see docs/api.md. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    /** Seconds to wait before asking again, where the server says so. */
    readonly retryAfter: number | null = null,
    /** Members beyond those that every problem has: strength, mfa_token, errors, ... */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.name = "Problem";
  }

  /** Whether asking again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** The server could not be reached, or did not answer in time. */
export const UNREACHABLE = "unreachable";

export function unreachable(): Problem {
  return new Problem(UNREACHABLE, 0, "The server cannot be reached.");
}

/** What proxies answer for a server that they cannot reach. */
export const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  try {
    const { code, detail, ...more } = (await response.json()) as Record<string, unknown>;
    return new Problem(String(code), response.status, String(detail), retryAfter, more);
  } catch {
    // A proxy's own page: it could not reach the server either.
    if (AWAY.has(response.status)) return unreachable();
    return new Problem("unexpected", response.status, response.statusText, retryAfter);
  }
}

/** Whether it is a problem with one of these codes; without codes, any. */
export function isProblem(error: unknown): error is Problem;
export function isProblem<Code extends string>(
  error: unknown,
  ...codes: Code[]
): error is Problem & { readonly code: Code };
export function isProblem(error: unknown, ...codes: string[]): boolean {
  return error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
}
