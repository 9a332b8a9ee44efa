/** What was saved, and what is known of the quality that it cost, as /openapi.json describes them. */

/** Parts of what was saved, USD. */
export interface SavedBy {
  routing: string;
  cache: string;
}

/** loss, low and high are shares 0 to 1; null: no answers were compared. */
export interface SavingsEvidence {
  calibrated: boolean;
  loss: number | null;
  low: number | null;
  high: number | null;
  labels: number;
}
