import { type ReactNode, useMemo } from "react";
import type { Point, WindowName } from "@/api/admin";
import { ChartFigure, type Series } from "@/components/chart-figure";
import { useWords } from "@/i18n";
import { useUnits } from "@/pages/admin/units";

interface Props {
  points: readonly Point[];
  window: WindowName;
}

interface Picture {
  name: string;
  title: string;
  kind: "bars" | "lines";
  series: readonly Series[];
  top?: number;
  format(value: number): string;
}

/** The figures over the window, one chart for each unit. */
export function LiveCharts({ points, window }: Props): ReactNode {
  const { t } = useWords();
  const { time } = useUnits();
  const pictures = usePictures(points);
  const times = useMemo(() => points.map(({ at }) => Date.parse(at) / 1000), [points]);
  return (
    <div className="charts">
      {pictures.map((picture) => (
        <ChartFigure
          key={picture.name}
          {...picture}
          name={`aether-${picture.name}`}
          points={times}
          point={(seconds) => time(new Date(seconds * 1000).toISOString(), window)}
          pointLabel={t("figure.time")}
        />
      ))}
    </div>
  );
}

function usePictures(points: readonly Point[]): Picture[] {
  const { t } = useWords();
  const { count, share, seconds, rate, money } = useUnits();
  return useMemo(() => {
    const of = (label: string, read: (point: Point) => number | null): Series => ({ label, values: points.map(read) });
    const picture = (name: string, title: string, format: Picture["format"], ...series: Series[]) => {
      return { name, title, kind: "lines" as const, format, series };
    };
    const latency = [
      of(t("chart.median"), (point) => point.p50),
      of(t("chart.p95"), (point) => point.p95),
      of(t("chart.ai_p95"), (point) => point.ai_p95),
    ];
    const machines = [of(t("live.cpu"), (point) => point.cpu), of(t("live.memory"), (point) => point.memory)];
    const usd = (value: number): string => money(String(value));
    const cached = of(t("chart.cache"), (point) => point.cache_hit_rate);
    const bars = { kind: "bars" as const };
    return [
      picture(
        "requests",
        t("chart.requests"),
        rate,
        of(t("live.rate"), (point) => point.rate),
      ),
      picture("latency", t("chart.latency"), seconds, ...latency),
      {
        ...picture(
          "errors",
          t("chart.errors"),
          count,
          of(t("chart.errors"), (point) => point.errors),
        ),
        ...bars,
      },
      { ...picture("cache", t("chart.cache"), share, cached), top: 1 },
      {
        ...picture(
          "tokens",
          t("chart.tokens"),
          count,
          of(t("live.tokens"), (point) => point.tokens),
        ),
        ...bars,
      },
      {
        ...picture(
          "cost",
          t("chart.cost"),
          usd,
          of(t("live.cost"), (point) => Number(point.cost)),
        ),
        ...bars,
      },
      { ...picture("machines", t("chart.machines"), share, ...machines), top: 1 },
    ];
  }, [points, t, count, share, seconds, rate, money]);
}
