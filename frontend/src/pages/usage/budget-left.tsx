import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import type { Budget } from "@/api/usage";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { Loaded } from "@/pages/account/loaded";
import { useApi } from "@/session/context";

/** What may still be used today, where that is limited. */
export function BudgetLeft(): ReactNode {
  const { t, number, date } = useWords();
  const { money } = useQuantities();
  const api = useApi();
  const query = useQuery({
    queryKey: ["budget"],
    queryFn: ({ signal }) => api.get<Budget>("/api/usage/budget", signal),
  });
  return (
    <Loaded query={query}>
      {({ tokens, cost, resets_at }) =>
        tokens || cost ? (
          <div className="stack">
            {cost && (
              <Meter
                label={t("budget.cost")}
                used={Number(cost.used) / Number(cost.limit)}
                text={t("budget.left", { left: money(cost.left), limit: money(cost.limit) })}
              />
            )}
            {tokens && (
              <Meter
                label={t("budget.tokens")}
                used={tokens.used / tokens.limit}
                text={t("budget.left", { left: number(tokens.left), limit: number(tokens.limit) })}
              />
            )}
            <p className="soft small">{t("budget.resets", { time: date(resets_at) })}</p>
          </div>
        ) : (
          <p className="soft">{t("budget.none")}</p>
        )
      }
    </Loaded>
  );
}

/** used: a share, 0 to 1; a limit of nothing is used up. */
function Meter({ label, used, text }: { label: string; used: number; text: string }): ReactNode {
  const id = useId();
  const share = Number.isFinite(used) ? Math.min(used, 1) : 1;
  return (
    <div className="budget">
      <div className="row">
        <label htmlFor={id} className="grow">
          {label}
        </label>
        <span className="small">{text}</span>
      </div>
      <meter id={id} min={0} max={1} low={0.75} high={0.9} optimum={0} value={share}>
        {text}
      </meter>
    </div>
  );
}
