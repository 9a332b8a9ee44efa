import { screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { ChartFigure } from "@/components/chart-figure";
import { FakeServer, renderPage } from "@/testing/render";

// jsdom has no canvas.
vi.mock("@/components/chart", () => ({ default: () => <div /> }));

const CHART = {
  title: "Cost",
  name: "cost",
  kind: "lines" as const,
  points: [Date.UTC(2026, 10, 21) / 1000, Date.UTC(2026, 10, 22) / 1000],
  series: [
    { label: "Dev", values: [0.5, 1.5] },
    { label: "Luna", values: [null, 2] },
  ],
  format: (value: number) => `$${value}`,
  point: (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10),
  pointLabel: "Day",
};

test("a chart can be read as a table, the newest first, and says what is not known", () => {
  renderPage(<ChartFigure {...CHART} />, new FakeServer());
  const figure = screen.getByRole("figure", { name: "Cost" });
  const rows = [...figure.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ["Day", "Dev", "Luna"],
    ["2026-11-22", "$1.5", "$2"],
    ["2026-11-21", "$0.5", "–"],
  ]);
  expect(within(figure).getByRole("button", { name: "CSV" })).toBeDefined();
});
