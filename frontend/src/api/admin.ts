/** Shapes that administrators see. Durations are seconds, shares 0 to 1, money decimal strings in USD. */
import type { SavedBy, SavingsEvidence } from "@/api/savings";

export const WINDOWS = ["1h", "24h", "30d"] as const;
export type WindowName = (typeof WINDOWS)[number];

export interface Times {
  avg: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
}

export interface RequestStats extends Times {
  count: number;
  errors: number;
  error_rate: number | null;
  rate: number;
}

export interface RouteStats extends RequestStats {
  route: string;
  method: string;
}

export interface CallStats {
  calls: number;
  ok: number;
  failed: number;
  cancelled: number;
  retries: number;
  fallbacks: number;
  tokens: { prompt: number; cached_prompt: number; completion: number; reasoning: number; total: number };
  cost: string;
  baseline_cost: string;
  saved: string;
  latency: Times;
  ttft: Times;
}

export interface CommandStats extends Times {
  command: string;
  collection: string;
  count: number;
  failed: number;
}

export interface WorkerStatus {
  worker: string;
  host: string;
  at: string;
  cpu: number | null;
  memory: number;
  disk: number;
  process_cpu: number | null;
  process_memory_bytes: number;
  open_fds: number;
  threads: number;
}

export interface Point {
  at: string;
  requests: number;
  rate: number;
  errors: number;
  p50: number | null;
  p95: number | null;
  ai_calls: number;
  ai_p95: number | null;
  tokens: number;
  cost: string;
  cache_hit_rate: number | null;
  cpu: number | null;
  memory: number | null;
}

export interface Alert {
  id: string;
  rule: string;
  severity: "warning" | "critical";
  unit: "seconds" | "ratio" | "usd" | "index";
  value: number | string | null;
  threshold: number | string | null;
  window: number;
  message: string;
  fired_at: string;
  resolved_at: string | null;
  resolved_value: number | string | null;
}

export interface AlertLists {
  firing: Alert[];
  resolved: Alert[];
}

export interface Recommendation {
  id: string;
  severity: "info" | "warning";
  figure: string;
  text: string;
}

/** GET /api/ai/v4/performance/dashboard */
export interface DashboardAnswer {
  dashboard: Omit<Dashboard, "evidence">;
  evidence: SavingsEvidence;
}

type Gauge = { avg: number | null; max: number | null };

export interface Dashboard {
  window: WindowName;
  since: string;
  until: string;
  notice: string | null;
  /** Of the quality that routing's saving has cost. */
  evidence: SavingsEvidence;
  current_status: {
    status: "ok" | "warning" | "critical";
    requests_per_second: number;
    operations_in_flight: number;
    workers: number;
  };
  performance_stats: RequestStats & { by_route: RouteStats[] };
  ai_stats: CallStats & { by_model: (CallStats & { model: string })[]; by_agent: (CallStats & { agent: string })[] };
  cache_stats: {
    lookups: number;
    hits: number;
    misses: number;
    hit_rate: number | null;
    by_layer: Record<string, number>;
    saved: string;
    saved_by_layer: Record<string, string>;
    unpriced: number;
  };
  database_stats: Times & { count: number; failed: number; slowest: CommandStats[] };
  system: { machines: Record<string, Record<string, Gauge>>; workers: WorkerStatus[] };
  recent_metrics: Point[];
  recommendations: Recommendation[];
}

export interface Health {
  status: "ok" | "degraded" | "down";
  checks: Record<string, { status: "ok" | "down"; latency_ms: number; detail: string }>;
  version: string;
  uptime: number;
  simulated: boolean;
}

/** Answers to similar questions, as GET /api/admin/similar-answers has them. */
export interface SimilarAnswers {
  allowed: boolean;
  enabled: boolean;
  reason: string | null;
  since: string | null;
  served: number;
  disputed: number;
  audited: number;
  differed: number;
  false_share: number | null;
  low: number | null;
  high: number | null;
  certain: number;
  ceiling: number;
  audited_share: number;
}

export interface Spending {
  enabled: boolean;
  spent_hour: string;
  spent_month: string;
  cap_hour: string | null;
  cap_month: string | null;
}

export interface ManagedUser {
  id: string;
  email: string;
  name: string;
  role: "user" | "admin";
  created_at: string;
  verified_at: string | null;
  disabled_at: string | null;
  budget: { tokens: number | null; cost_usd: string | null } | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  action: string;
  user_id: string | null;
  actor_id: string;
  address: string | null;
  correlation_id: string | null;
  detail: Record<string, string>;
  count: number;
}

export interface Quality {
  share: number | null;
  /** Where the share lies with 95% confidence. */
  low: number | null;
  high: number | null;
  up: number;
  down: number;
}

export const COST_FIELDS = ["user", "agent", "model"] as const;
export type CostField = (typeof COST_FIELDS)[number];

export interface CostSums {
  requests: number;
  cached_requests: number;
  calls: number;
  tokens: number;
  cost: string;
  baseline_cost: string;
  saved: string;
  saved_by: SavedBy;
  unpriced_calls: number;
}

export interface CostItem extends CostSums {
  id: string;
  name: string | null;
}

export interface Costs {
  by: CostField;
  items: CostItem[];
  total: CostSums;
  evidence: SavingsEvidence;
}

export interface Business {
  requests: number;
  requests_per_day: number;
  cost: string;
  saved: string;
  saved_by: SavedBy;
  evidence: SavingsEvidence;
  satisfaction: Quality;
  error_budget: {
    requests: number;
    failed: number;
    availability: number | null;
    objective: number;
    allowed: number;
    left: number | null;
  };
  days: {
    date: string;
    requests: number;
    cached_requests: number;
    users: number;
    cost: string;
    saved: string;
    satisfaction: Quality;
    availability: { requests: number; failed: number; availability: number | null };
  }[];
  months: { month: string; requests: number; users: number; cost: string; cost_per_user: string }[];
}

export interface Standing {
  id: string;
  requests: number;
  calls: number;
  quality: Quality;
  cost_per_call: string | null;
  latency: { avg: number | null; p50: number | null; p95: number | null };
  quality_per_dollar: number | null;
}

export interface Leaderboard {
  agents: Standing[];
  models: Standing[];
}
