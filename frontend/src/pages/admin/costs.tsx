import { type ReactNode, useState } from "react";
import { COST_FIELDS, type CostField, type CostItem, type Costs } from "@/api/admin";
import { Choices } from "@/components/choices";
import { SavingsNote } from "@/components/savings-note";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { usePeriod, useReport } from "@/pages/admin/period";
import { useUnits } from "@/pages/admin/units";
import { useAgentName } from "@/pages/chat/agents";

const ITEMS = 100;
const PERIODS = ["7", "30", "90", "365"] as const;

export default function CostsPage(): ReactNode {
  const { t } = useWords();
  const { days, choice } = usePeriod(PERIODS);
  const [by, setBy] = useState<CostField>("user");
  const query = useReport<Costs>(`/api/admin/costs?by=${by}&days=${days}&limit=${ITEMS}`);
  const fields = COST_FIELDS.map((value) => ({ value, label: t(`costs.by.${value}`) }));
  return (
    <div className="stack">
      <div className="row admin-tools">
        {choice}
        <Choices label={t("costs.by")} choices={fields} chosen={by} onChoose={setBy} />
      </div>
      <Loaded query={query}>{(costs) => <Report costs={costs} />}</Loaded>
    </div>
  );
}

function Report({ costs }: { costs: Costs }): ReactNode {
  const { t } = useWords();
  const { count, money } = useUnits();
  const { total } = costs;
  return (
    <>
      <Tiles
        tiles={[
          {
            label: t("live.cost"),
            value: money(total.cost),
            text: total.unpriced_calls > 0 ? t("costs.unpriced", { count: total.unpriced_calls }) : null,
          },
          {
            label: t("table.saved"),
            value: money(total.saved),
            text: t("costs.baseline", { cost: money(total.baseline_cost) }),
          },
          {
            label: t("table.requests"),
            value: count(total.requests),
            text: t("costs.cached", { cached: count(total.cached_requests) }),
          },
          { label: t("live.tokens"), value: count(total.tokens) },
        ]}
      />
      <SavingsNote evidence={costs.evidence} by={total.saved_by} />
      <TableFigure
        title={t(`costs.title.${costs.by}`)}
        columns={useColumns(costs)}
        rows={costs.items}
        keyOf={(row) => row.id}
        name={`aether-costs-by-${costs.by}`}
        empty={t("business.none")}
      />
    </>
  );
}

function useColumns({ by, items }: Costs): Column<CostItem>[] {
  const { t } = useWords();
  const { count, money } = useUnits();
  const nameOf = useAgentName();
  const highest = Math.max(...items.map((item) => Number(item.cost)), 0);
  const numeric = true;
  const called = ({ id, name }: CostItem): string => {
    if (by === "user") return name ?? t("costs.gone");
    if (id === "none") return t("costs.none");
    return by === "agent" ? nameOf(id) : id;
  };
  return [
    { label: t(`costs.by.${by}`), value: (row) => row.name ?? row.id, text: called },
    {
      label: t("live.cost"),
      numeric,
      value: (row) => row.cost,
      text: (row) => money(row.cost),
      bar: (row) => (highest > 0 ? Number(row.cost) / highest : 0),
    },
    { label: t("table.saved"), numeric, value: (row) => row.saved, text: (row) => money(row.saved) },
    { label: t("table.requests"), numeric, value: (row) => row.requests, text: (row) => count(row.requests) },
    {
      label: t("costs.from_cache"),
      numeric,
      value: (row) => row.cached_requests,
      text: (row) => count(row.cached_requests),
    },
    { label: t("live.tokens"), numeric, value: (row) => row.tokens, text: (row) => count(row.tokens) },
  ];
}
