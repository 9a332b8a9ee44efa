/** What was used, added up by day, by model and by agent. */
import { toPico, toUsd } from "@/api/money";
import type { UsageRow } from "@/api/usage";

export interface Sum {
  /** What was added up: a day, a model's id, an agent's id. */
  name: string;
  requests: number;
  cached: number;
  tokens: number;
  /** USD, exact. */
  cost: string;
}

const DAY_MS = 86_400_000;

/** Most expensive first. */
export function sumsBy(rows: readonly UsageRow[], field: "model" | "agent"): Sum[] {
  const sums = grouped(rows, (row) => row[field]);
  return [...sums.values()].sort(
    (one, other) => Number(other.cost) - Number(one.cost) || other.requests - one.requests,
  );
}

/** Each of so many days that end today (UTC), oldest first, those without requests too. */
export function sumsByDay(rows: readonly UsageRow[], days: number, now: number): Sum[] {
  const sums = grouped(rows, (row) => row.date);
  return Array.from({ length: days }, (_, index) => {
    const name = new Date(now - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return sums.get(name) ?? { name, requests: 0, cached: 0, tokens: 0, cost: "0" };
  });
}

function grouped(rows: readonly UsageRow[], nameOf: (row: UsageRow) => string): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const row of rows) {
    const name = nameOf(row);
    const before = sums.get(name);
    sums.set(name, {
      name,
      requests: (before?.requests ?? 0) + row.request_count,
      cached: (before?.cached ?? 0) + row.cached_count,
      tokens: (before?.tokens ?? 0) + row.total_tokens,
      cost: toUsd(toPico(before?.cost ?? "0") + toPico(row.total_cost)),
    });
  }
  return sums;
}
