/** Shapes of what was used and what it cost, as /openapi.json describes them. */
import type { SavedBy, SavingsEvidence } from "@/api/savings";

/** One model, one agent, one day. */
export interface UsageRow {
  model: string;
  agent: string;
  /** Day in UTC, "2026-11-22". */
  date: string;
  total_tokens: number;
  total_cost: string;
  avg_response_time: number | null;
  request_count: number;
  cached_count: number;
  call_count: number;
  unpriced_count: number;
}

/** GET /api/ai/v4/analytics/user */
export interface Analytics {
  period_days: number;
  usage_data: UsageRow[];
  summary: {
    total_requests: number;
    cached_requests: number;
    total_calls: number;
    total_tokens: number;
    estimated_calls: number;
    unpriced_calls: number;
    avg_response_time: number | null;
  };
  cost_analysis: {
    total_cost: string;
    baseline_cost: string;
    saved: string;
    saved_by: SavedBy;
    evidence: SavingsEvidence;
    avg_cost_per_request: string | null;
    recommendations: string[];
  };
}

/** GET /api/usage/budget */
export interface Budget {
  day: string;
  tokens: { limit: number; used: number; left: number } | null;
  cost: { limit: string; used: string; left: string } | null;
  resets_at: string;
}
