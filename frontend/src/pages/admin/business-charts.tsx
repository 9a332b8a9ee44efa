import { type ReactNode, useCallback, useMemo } from "react";
import type { Business } from "@/api/admin";
import { ChartFigure, type ChartFigureProps } from "@/components/chart-figure";
import { useWords } from "@/i18n";
import { useUnits } from "@/pages/admin/units";

type Days = Business["days"];

/** Requests, cost, satisfaction and availability by day. */
export function BusinessCharts({ days }: { days: Days }): ReactNode {
  const { t, date } = useWords();
  const points = useMemo(() => days.map((day) => Date.parse(day.date) / 1000), [days]);
  const point = useCallback(
    (seconds: number) =>
      date(new Date(seconds * 1000).toISOString(), { day: "numeric", month: "short", timeZone: "UTC" }),
    [date],
  );
  const pictures = usePictures(days);
  return (
    <div className="charts">
      {pictures.map((picture) => (
        <ChartFigure key={picture.name} {...picture} points={points} point={point} pointLabel={t("figure.day")} />
      ))}
    </div>
  );
}

type Picture = Omit<ChartFigureProps, "points" | "point" | "pointLabel">;

function usePictures(days: Days): Picture[] {
  const { t } = useWords();
  const { count, money, share, exactShare } = useUnits();
  return useMemo(() => {
    const of = (label: string, read: (day: Days[number]) => number | null) => ({ label, values: days.map(read) });
    const picture = (name: string, kind: Picture["kind"], title: string, rest: Pick<Picture, "format" | "series">) => {
      return { name: `aether-${name}`, kind, title, ...rest };
    };
    const requests = [of(t("table.requests"), (day) => day.requests)];
    const cost = [of(t("live.cost"), (day) => Number(day.cost))];
    const satisfied = [of(t("business.satisfaction"), (day) => day.satisfaction.share)];
    const available = [of(t("business.availability"), (day) => day.availability.availability)];
    return [
      picture("requests-by-day", "bars", t("business.requests.title"), { format: count, series: requests }),
      picture("cost-by-day", "bars", t("chart.cost"), { format: (usd) => money(String(usd)), series: cost }),
      { ...picture("satisfaction", "lines", t("business.satisfaction"), { format: share, series: satisfied }), top: 1 },
      {
        ...picture("availability", "lines", t("business.availability"), { format: exactShare, series: available }),
        top: 1,
      },
    ];
  }, [days, t, count, money, share, exactShare]);
}
