import type { ReactNode } from "react";
import type { Analytics } from "@/api/usage";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";

/** The sums of the whole period. */
export function UsageTiles({ analytics: { summary, cost_analysis: costs } }: { analytics: Analytics }): ReactNode {
  const { t, number } = useWords();
  const { money, percent, seconds } = useQuantities();
  const cached = summary.total_requests > 0 ? percent(summary.cached_requests / summary.total_requests) : null;
  const average = costs.avg_cost_per_request && t("usage.average", { cost: money(costs.avg_cost_per_request) });
  const time = summary.avg_response_time;
  return (
    <Tiles
      tiles={[
        {
          label: t("usage.cost"),
          value: money(costs.total_cost),
          text: summary.unpriced_calls > 0 ? t("usage.unpriced", { count: summary.unpriced_calls }) : average,
        },
        {
          label: t("usage.saved"),
          value: money(costs.saved),
          text: t("usage.saved.text", { cost: money(costs.baseline_cost) }),
        },
        {
          label: t("usage.requests"),
          value: number(summary.total_requests),
          text: cached && t("usage.cached", { share: cached }),
        },
        {
          label: t("usage.tokens"),
          value: number(summary.total_tokens),
          text: time === null ? null : t("usage.time", { time: seconds(time) }),
        },
      ]}
    />
  );
}
