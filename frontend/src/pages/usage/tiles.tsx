import type { ReactNode } from "react";
import type { Analytics } from "@/api/usage";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";

/** The sums of the whole period. */
export function Tiles({ analytics: { summary, cost_analysis: costs } }: { analytics: Analytics }): ReactNode {
  const { t, number } = useWords();
  const { money, percent, seconds } = useQuantities();
  const baseline = Number(costs.baseline_cost);
  const share = baseline > 0 ? percent(Number(costs.saved) / baseline) : null;
  const cached = summary.total_requests > 0 ? percent(summary.cached_requests / summary.total_requests) : null;
  return (
    <dl className="tiles">
      <Tile
        label={t("usage.cost")}
        value={money(costs.total_cost)}
        text={
          summary.unpriced_calls > 0
            ? t("usage.unpriced", { count: summary.unpriced_calls })
            : costs.avg_cost_per_request && t("usage.average", { cost: money(costs.avg_cost_per_request) })
        }
      />
      <Tile
        label={t("usage.saved")}
        value={money(costs.saved)}
        text={share && t("usage.saved.text", { share, cost: money(costs.baseline_cost) })}
      />
      <Tile
        label={t("usage.requests")}
        value={number(summary.total_requests)}
        text={cached && t("usage.cached", { share: cached })}
      />
      <Tile
        label={t("usage.tokens")}
        value={number(summary.total_tokens)}
        text={summary.avg_response_time !== null && t("usage.time", { time: seconds(summary.avg_response_time) })}
      />
    </dl>
  );
}

function Tile({ label, value, text }: { label: string; value: string; text: string | null | false }): ReactNode {
  return (
    <div className="tile">
      <dt className="soft small">{label}</dt>
      <dd>
        <span className="tile-value">{value}</span>
        {text && <span className="soft small">{text}</span>}
      </dd>
    </div>
  );
}
