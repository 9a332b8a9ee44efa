/** The picture of a chart, on a canvas of uPlot's. Its colours are those of the legend, and change with the theme. */
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartData, ChartFigureProps } from "@/components/chart-figure";

const HEIGHT_PX = 220;
const DAY_S = 86_400;
const STEPS = [
  ...[60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 7, 14, 28, 56, 91, 182].map((days) => days * DAY_S),
];
/** Lines differ in more than their colour. */
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const LABEL_PX = 72;
const AXIS_PX = 30;

interface Props extends ChartData, Pick<ChartFigureProps, "kind" | "top" | "point" | "format"> {
  /** Whose swatches have the colours of the series. */
  legend: RefObject<HTMLUListElement | null>;
  /** The index of the point under the pointer. */
  onAt(index: number | null): void;
}

export default function Chart(props: Props): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const drawn = useRef<uPlot>(undefined);
  const theme = useThemeChanges();
  const { points, series, kind } = props;
  const look = `${kind} ${stepOf(points)} ${series.map(({ label }) => label).join()}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const parent = frame.current;
    if (!parent) return;
    const size = { width: parent.clientWidth, height: HEIGHT_PX };
    const plot = new uPlot({ ...size, ...optionsOf(latest.current) }, dataOf(latest.current), parent);
    drawn.current = plot;
    const resized = new ResizeObserver(() => plot.setSize({ width: parent.clientWidth, height: HEIGHT_PX }));
    resized.observe(parent);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [look, theme]);
  // New values go into the same picture: nothing flickers, and the pointer stays where it is.
  useEffect(() => drawn.current?.setData(dataOf({ points, series })), [points, series]);
  return <div ref={frame} />;
}

function dataOf({ points, series }: ChartData): uPlot.AlignedData {
  return [[...points], ...series.map(({ values }) => [...values])];
}

/** Seconds between two points: labels closer together would repeat themselves. */
function stepOf(points: readonly number[]): number {
  return (points[1] ?? 0) - (points[0] ?? 0);
}

type Look = Omit<uPlot.Options, "width" | "height">;

function optionsOf({ points, series, kind, top, point, format, legend, onAt }: Props): Look {
  const style = legend.current ? getComputedStyle(legend.current) : null;
  const colours = [...(legend.current?.querySelectorAll(".swatch") ?? [])].map(
    (it) => getComputedStyle(it).backgroundColor,
  );
  const axis = {
    stroke: style?.color ?? "",
    font: `12px ${style?.fontFamily ?? "sans-serif"}`,
    ticks: { show: false },
  };
  const grid = { stroke: style?.borderTopColor ?? "", width: 1 };
  return {
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    hooks: { setCursor: [(plot) => onAt(plot.cursor.idx ?? null)] },
    scales: {
      x: { time: true, ...(kind === "bars" ? { range: roomForBars(points) } : {}) },
      y: { range: (_, __, most) => [0, top ?? (most > 0 ? most * 1.1 : 1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: AXIS_PX,
        space: LABEL_PX,
        values: (_, splits) => splits.map(point),
        incrs: STEPS.filter((step) => step >= stepOf(points)),
      },
      { ...axis, grid, size: LABEL_PX, values: (_, splits) => splits.map(format) },
    ],
    series: [{}, ...series.map((one, index) => lookOf(one.label, kind, colours[index] ?? "", DASHES[index] ?? []))],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
  };
}

/** Half a bar beyond the first and the last point. */
function roomForBars(points: readonly number[]): (plot: uPlot, least: number, most: number) => [number, number] {
  const half = ((points[1] ?? 0) - (points[0] ?? 0)) / 2 || DAY_S / 2;
  return (_, least, most) => [least - half, most + half];
}

function lookOf(label: string, kind: Props["kind"], colour: string, dash: number[]): uPlot.Series {
  const common = { label, stroke: colour };
  if (kind === "lines") {
    // A value without neighbours is on no line.
    const alone: uPlot.Series.Points.Filter = (plot, index) => lonely(plot.data[index] ?? []);
    return { ...common, width: 2, dash, points: { show: true, size: 6, fill: colour, filter: alone } };
  }
  const paths = uPlot.paths.bars?.({ size: [0.7, 48], radius: 0.15 });
  return { ...common, fill: colour, width: 0, points: { show: false }, ...(paths ? { paths } : {}) };
}

function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const known = (at: number): boolean => values[at] !== null && values[at] !== undefined;
  return Array.from(values, (_, at) => at).filter((at) => known(at) && !known(at - 1) && !known(at + 1));
}

/** Another number after each change of the theme, by the user or by the system. */
function useThemeChanges(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = (): void => setCount((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    const chosen = new MutationObserver(changed);
    chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    system.addEventListener("change", changed);
    return () => {
      chosen.disconnect();
      system.removeEventListener("change", changed);
    };
  }, []);
  return count;
}
