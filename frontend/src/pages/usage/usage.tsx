import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import type { Analytics } from "@/api/usage";
import { SelectField } from "@/components/field";
import { SavingsNote } from "@/components/savings-note";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { BudgetLeft } from "@/pages/usage/budget-left";
import { DailyChart } from "@/pages/usage/daily-chart";
import { SumTable } from "@/pages/usage/sum-table";
import { sumsBy, sumsByDay } from "@/pages/usage/sums";
import { UsageTiles } from "@/pages/usage/tiles";
import { useApi } from "@/session/context";
import "@/styles/usage.css";

const PERIODS = [7, 30, 90, 365];
const USUAL = 30;

/** What the user's own requests have consumed and cost. */
export default function Usage(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const [days, setDays] = useState(USUAL);
  const query = useQuery({
    queryKey: ["usage", days],
    queryFn: ({ signal }) => api.get<Analytics>(`/api/ai/v4/analytics/user?days=${days}`, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <SettingsPage title={t("usage.title")} text={t("usage.text")}>
      <BudgetLeft />
      <div className="usage-period">
        <SelectField
          label={t("usage.period")}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
          options={PERIODS.map((count): [string, string] => [`${count}`, t("usage.days", { count })])}
        />
      </div>
      <Loaded query={query}>{(analytics) => <Report analytics={analytics} />}</Loaded>
    </SettingsPage>
  );
}

function Report({ analytics }: { analytics: Analytics }): ReactNode {
  const { t } = useWords();
  const { usage_data: rows, period_days: days, cost_analysis: costs } = analytics;
  const sums = useMemo(
    () => ({ day: sumsByDay(rows, days, Date.now()), model: sumsBy(rows, "model"), agent: sumsBy(rows, "agent") }),
    [rows, days],
  );
  return (
    <>
      <UsageTiles analytics={analytics} />
      <SavingsNote evidence={costs.evidence} by={costs.saved_by} />
      <DailyChart days={sums.day} />
      <SumTable title={t("usage.by_model")} field="model" sums={sums.model} />
      <SumTable title={t("usage.by_agent")} field="agent" sums={sums.agent} />
      {costs.recommendations.length > 0 && (
        <section aria-label={t("usage.advice")} className="stack">
          <h2>{t("usage.advice")}</h2>
          <ul lang="en">
            {costs.recommendations.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
