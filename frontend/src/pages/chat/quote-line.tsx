import type { ReactNode } from "react";
import type { Quote } from "@/api/chat";
import type { Target } from "@/chat/target";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";

const LIKELY = 0.5;

interface Props {
  quote: Quote | null;
  target: Target;
  onTarget(target: Target): void;
}

/** What the message would cost: model, cost from and to, seconds. Keeps its line while there is nothing to say. */
export function QuoteLine({ quote, target, onTarget }: Props): ReactNode {
  const { t } = useWords();
  const { money, seconds } = useQuantities();
  if (!quote) return <p className="quote" />;
  const { low, high } = quote.cost;
  const parts = [
    quote.agent?.name,
    quote.model.split("/").at(-1),
    low === null || high === null ? t("receipt.unpriced") : t("quote.cost", { low: money(low), high: money(high) }),
    t("quote.seconds", { seconds: seconds(quote.expected_seconds) }),
    quote.cache_likelihood >= LIKELY ? t("quote.cached") : undefined,
  ].filter(Boolean);
  const team = quote.team_worth.verdict === "team" && target !== "team";
  return (
    <p className="quote">
      <span className="unseen">{t("quote.label")}: </span>
      <span title={quote.reasons.join("\n")}>{parts.join(" · ")}</span>
      {team && (
        <button type="button" className="link" onClick={() => onTarget("team")}>
          {t("quote.team", { why: quote.team_worth.why })}
        </button>
      )}
    </p>
  );
}
