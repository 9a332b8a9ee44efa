/** A chart with everything that it owes people: a legend, what the pointer rests on, its table, and its CSV file. */
import { lazy, type ReactNode, Suspense, useId, useRef, useState } from "react";
import { type Column, CsvButton, Table } from "@/components/table";
import { useWords } from "@/i18n";
import "@/styles/figures.css";

const Chart = lazy(() => import("@/components/chart"));

export interface Series {
  label: string;
  /** One for each point; null: nothing is known. */
  values: readonly (number | null)[];
}

export interface ChartData {
  /** Seconds since 1970, rising. */
  points: readonly number[];
  series: readonly Series[];
}

export interface ChartFigureProps extends ChartData {
  title: string;
  kind: "bars" | "lines";
  /** The highest value that there can be; without it the axis ends above the highest one there is. */
  top?: number;
  /** A point as people read it. */
  point(seconds: number): string;
  /** A value as people read it. */
  format(value: number): string;
  /** What the points are: the head of the table's first column. */
  pointLabel: string;
  /** Of the CSV file, without ".csv". */
  name: string;
}

export function ChartFigure(props: ChartFigureProps): ReactNode {
  const { title, points, series, kind, top, point, format, name } = props;
  const { t } = useWords();
  const id = useId();
  const legend = useRef<HTMLUListElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const rows = points.map((_, index) => index);
  const columns = columnsOf(props);
  const shown = at !== null && points[at] !== undefined ? at : null;
  return (
    <figure className="figure" aria-labelledby={id}>
      <figcaption className="row">
        <h2 id={id} className="grow">
          {title}
        </h2>
        <CsvButton columns={columns} rows={rows} name={name} />
      </figcaption>
      <div aria-hidden="true">
        <ul className="legend small" ref={legend}>
          {series.map(({ label, values }) => (
            <li key={label}>
              <span className="swatch" /> {label}
              {shown !== null && <strong>{written(values[shown] ?? null, format)}</strong>}
            </li>
          ))}
          <li className="soft">{shown !== null && point(points[shown] ?? 0)}</li>
        </ul>
        <div className="chart">
          <Suspense fallback={null}>
            <Chart
              points={points}
              series={series}
              kind={kind}
              {...(top === undefined ? {} : { top })}
              point={point}
              format={format}
              legend={legend}
              onAt={setAt}
            />
          </Suspense>
        </div>
      </div>
      <details className="figure-table">
        <summary className="small">{t("figure.table")}</summary>
        <Table caption={title} columns={columns} rows={[...rows].reverse()} keyOf={String} />
      </details>
    </figure>
  );
}

function columnsOf({ points, series, point, format, pointLabel }: ChartFigureProps): Column<number>[] {
  const values = series.map(
    ({ label, values }): Column<number> => ({
      label,
      numeric: true,
      text: (index) => written(values[index] ?? null, format),
      value: (index) => values[index] ?? null,
    }),
  );
  const first: Column<number> = {
    label: pointLabel,
    text: (index) => point(points[index] ?? 0),
    value: (index) => new Date((points[index] ?? 0) * 1000).toISOString(),
  };
  return [first, ...values];
}

function written(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}
