import type { ReactNode } from "react";
import type { SavedBy, SavingsEvidence } from "@/api/savings";
import { useWords, type Words } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";

interface Props {
  evidence: SavingsEvidence;
  by?: SavedBy;
}

/** What stands beside every saving: what it is made of, and what is known of the quality that routing's part cost. */
export function SavingsNote({ evidence, by }: Props): ReactNode {
  const words = useWords();
  const { money } = useQuantities();
  return (
    <p className="soft small">
      {by && `${words.t("savings.by", { routing: money(by.routing), cache: money(by.cache) })} `}
      {known(evidence, words)}
    </p>
  );
}

function known({ calibrated, loss, low, high, labels }: SavingsEvidence, { t, number }: Words): string {
  if (loss === null || low === null || high === null) return t("savings.unknown");
  const share = (value: number): string => number(value, { style: "percent", maximumFractionDigits: 1 });
  const told = t("savings.loss", { loss: share(loss), low: share(low), high: share(high), count: labels });
  return calibrated ? told : `${t("savings.uncalibrated")} ${told}`;
}
