import { type ReactNode, useCallback, useMemo, useState } from "react";
import { ChartFigure } from "@/components/chart-figure";
import { Choices } from "@/components/choices";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import type { Sum } from "@/pages/usage/sums";

type Measure = "cost" | "tokens" | "requests";
const MEASURES: readonly Measure[] = ["cost", "tokens", "requests"];

/** A bar for each day. */
export function DailyChart({ days }: { days: Sum[] }): ReactNode {
  const { t, number, date } = useWords();
  const { money } = useQuantities();
  const [measure, setMeasure] = useState<Measure>("cost");
  const label = t(`usage.${measure}`);
  const points = useMemo(() => days.map((day) => Date.parse(day.name) / 1000), [days]);
  const series = useMemo(() => [{ label, values: days.map((day) => Number(day[measure])) }], [days, measure, label]);
  const point = useCallback(
    (seconds: number) =>
      date(new Date(seconds * 1000).toISOString(), { day: "numeric", month: "short", timeZone: "UTC" }),
    [date],
  );
  return (
    <div className="stack">
      <Choices
        label={t("usage.measure")}
        choices={MEASURES.map((value) => ({ value, label: t(`usage.${value}`) }))}
        chosen={measure}
        onChoose={setMeasure}
      />
      <ChartFigure
        title={t("usage.by_day")}
        kind="bars"
        points={points}
        series={series}
        point={point}
        pointLabel={t("usage.day")}
        format={(value) => (measure === "cost" ? money(String(value)) : number(value))}
        name={`aether-${measure}-by-day`}
      />
    </div>
  );
}
