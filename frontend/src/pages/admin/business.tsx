import type { ReactNode } from "react";
import type { Business } from "@/api/admin";
import { SavingsNote } from "@/components/savings-note";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { BusinessCharts } from "@/pages/admin/business-charts";
import { usePeriod, useReport } from "@/pages/admin/period";
import { useUnits } from "@/pages/admin/units";

export default function BusinessPage(): ReactNode {
  const { days, choice } = usePeriod();
  const query = useReport<Business>(`/api/admin/business?days=${days}`);
  return (
    <div className="stack">
      <div className="row">{choice}</div>
      <Loaded query={query}>
        {(business) => (
          <>
            <Sums business={business} />
            <SavingsNote evidence={business.evidence} by={business.saved_by} />
            <BusinessCharts days={business.days} />
            <Months business={business} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function Sums({ business }: { business: Business }): ReactNode {
  const { t, number } = useWords();
  const { count, money, share, exactShare } = useUnits();
  const { satisfaction, error_budget: budget } = business;
  const { up, down } = satisfaction;
  return (
    <Tiles
      tiles={[
        {
          label: t("business.per_day"),
          value: number(business.requests_per_day, { maximumFractionDigits: 1 }),
          text: t("business.requests", { requests: count(business.requests), count: business.requests }),
        },
        { label: t("live.cost"), value: money(business.cost), text: t("live.saved", { saved: money(business.saved) }) },
        {
          label: t("business.satisfaction"),
          value: share(satisfaction.share),
          text: t("business.verdicts", { count: up + down }),
        },
        {
          label: t("business.availability"),
          value: exactShare(budget.availability),
          text: t("business.objective", { objective: exactShare(budget.objective) }),
        },
        {
          label: t("business.budget"),
          value: share(budget.left),
          text: t("business.budget.text", {
            failed: count(budget.failed),
            allowed: number(budget.allowed, { maximumFractionDigits: 1 }),
          }),
        },
      ]}
    />
  );
}

function Months({ business }: { business: Business }): ReactNode {
  const { t, date } = useWords();
  const { count, money } = useUnits();
  const numeric = true;
  const columns: Column<Business["months"][number]>[] = [
    {
      label: t("business.month"),
      value: (row) => row.month,
      text: (row) => date(`${row.month}-01T00:00:00Z`, { month: "long", year: "numeric", timeZone: "UTC" }),
    },
    { label: t("business.users"), numeric, value: (row) => row.users, text: (row) => count(row.users) },
    { label: t("table.requests"), numeric, value: (row) => row.requests, text: (row) => count(row.requests) },
    { label: t("live.cost"), numeric, value: (row) => row.cost, text: (row) => money(row.cost) },
    {
      label: t("business.per_user"),
      numeric,
      value: (row) => row.cost_per_user,
      text: (row) => money(row.cost_per_user),
    },
  ];
  return (
    <TableFigure
      title={t("business.months")}
      columns={columns}
      rows={business.months}
      keyOf={(row) => row.month}
      name="aether-months"
      empty={t("business.none")}
    />
  );
}
