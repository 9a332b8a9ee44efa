import type { ReactNode } from "react";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { useAgentName } from "@/pages/chat/agents";
import type { Sum } from "@/pages/usage/sums";

interface Props {
  title: string;
  field: "model" | "agent";
  sums: Sum[];
}

/** Sums by model or by agent. */
export function SumTable({ title, field, sums }: Props): ReactNode {
  const { t } = useWords();
  const columns = useColumns(field);
  return (
    <TableFigure
      title={title}
      columns={columns}
      rows={sums}
      keyOf={(sum) => sum.name}
      name={`aether-usage-by-${field}`}
      empty={t("usage.none")}
    />
  );
}

function useColumns(field: "model" | "agent"): Column<Sum>[] {
  const { t, number } = useWords();
  const { money } = useQuantities();
  const nameOf = useAgentName();
  const count = (label: string, read: (sum: Sum) => number): Column<Sum> => ({
    label,
    numeric: true,
    text: (sum) => number(read(sum)),
    value: read,
  });
  return [
    {
      label: t(`receipt.${field}`),
      text: (sum) => (field === "agent" ? nameOf(sum.name) : sum.name),
      value: (sum) => sum.name,
    },
    { label: t("usage.cost"), numeric: true, text: (sum) => money(sum.cost), value: (sum) => sum.cost },
    count(t("usage.tokens"), (sum) => sum.tokens),
    count(t("usage.requests"), (sum) => sum.requests),
    count(t("usage.from_cache"), (sum) => sum.cached),
  ];
}
