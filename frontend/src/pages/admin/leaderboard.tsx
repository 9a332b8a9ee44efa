import type { ReactNode } from "react";
import type { Leaderboard, Quality, Standing } from "@/api/admin";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { usePeriod, useReport } from "@/pages/admin/period";
import { useUnits } from "@/pages/admin/units";
import { useAgentName } from "@/pages/chat/agents";

export default function LeaderboardPage(): ReactNode {
  const { t } = useWords();
  const { days, choice } = usePeriod();
  const query = useReport<Leaderboard>(`/api/leaderboard?days=${days}`);
  const nameOf = useAgentName();
  const columns = useColumns();
  return (
    <div className="stack">
      <div className="row">{choice}</div>
      <p className="soft">{t("leaderboard.text")}</p>
      <Loaded query={query}>
        {({ agents, models }) => (
          <>
            <TableFigure
              title={t("table.agents")}
              columns={[{ label: t("table.agent"), value: (row) => row.id, text: (row) => nameOf(row.id) }, ...columns]}
              rows={agents}
              keyOf={(row) => row.id}
              name="aether-agents"
              empty={t("business.none")}
            />
            <TableFigure
              title={t("table.models")}
              columns={[{ label: t("table.model"), value: (row) => row.id }, ...columns]}
              rows={models}
              keyOf={(row) => row.id}
              name="aether-models"
              empty={t("business.none")}
            />
          </>
        )}
      </Loaded>
    </div>
  );
}

function useColumns(): Column<Standing>[] {
  const { t, number } = useWords();
  const { count, money, duration, share } = useUnits();
  const numeric = true;
  const range = ({ low, high }: Quality): string | null =>
    low === null ? null : t("leaderboard.range", { low: share(low), high: share(high) });
  const cost = (usd: string | null): string | null => (usd === null ? null : money(usd));
  return [
    {
      label: t("leaderboard.quality"),
      numeric,
      value: (row) => row.quality.share,
      text: (row) => (row.quality.share === null ? null : share(row.quality.share)),
      bar: (row) => row.quality.share ?? 0,
    },
    { label: t("leaderboard.sure"), numeric, value: ({ quality }) => range(quality) },
    { label: t("leaderboard.verdicts"), numeric, value: ({ quality }) => quality.up + quality.down },
    { label: t("table.requests"), numeric, value: (row) => row.requests, text: (row) => count(row.requests) },
    {
      label: t("leaderboard.cost"),
      numeric,
      value: (row) => row.cost_per_call,
      text: (row) => cost(row.cost_per_call),
    },
    { label: t("chart.median"), numeric, value: (row) => row.latency.p50, text: (row) => duration(row.latency.p50) },
    { label: t("chart.p95"), numeric, value: (row) => row.latency.p95, text: (row) => duration(row.latency.p95) },
    {
      label: t("leaderboard.per_dollar"),
      numeric,
      value: (row) => row.quality_per_dollar,
      text: (row) =>
        row.quality_per_dollar === null ? null : number(row.quality_per_dollar, { maximumFractionDigits: 0 }),
    },
  ];
}
