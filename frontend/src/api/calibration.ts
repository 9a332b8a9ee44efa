/** Shapes of /api/admin/calibration. Shares are 0 to 1, money is an exact decimal string in USD. */
import type { SavingsEvidence } from "@/api/savings";

export type LabelSource = "comparison" | "judge" | "thumbs" | "regeneration";

export interface CalibrationVersion {
  version: number;
  at: string;
  /** An administrator; "aether": nobody asked for it. */
  actor_id: string;
  cause: "labels" | "drift" | "asked";
  labels: Partial<Record<LabelSource, number>>;
  requests: number;
  large_share: number;
  /** Of the same traffic: by the calibration before, and by this one. */
  share_before: number;
  share: number;
  domains: { domain: string; requests: number; share: number }[];
  loss: { share: number; low: number; high: number; labels: number } | null;
}

export interface CalibrationSettings {
  /** null: nothing is compared. */
  daily_budget_usd: string | null;
  sample_share: number;
  pinned: boolean;
}

/** GET, PUT and POST .../rollback */
export interface Calibration extends CalibrationSettings {
  calibrated: boolean;
  in_use: CalibrationVersion | null;
  large_share: number;
  spent_today_usd: string;
  evidence: SavingsEvidence;
  drift: { index: number; excess: number; requests: number; alarming: boolean } | null;
  domains: { domain: string; requests: number; share: number }[];
  /** gain 1: the large model's answer is better, 0: as good, -1: worse. */
  labels: { source: LabelSource; gain: number; labels: number }[];
  comparisons: Record<string, number>;
}
