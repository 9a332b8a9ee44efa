import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Analytics, UsageRow } from "@/api/usage";
import { App } from "@/app";
import { saveFile } from "@/components/save-file";
import { sumsBy, sumsByDay } from "@/pages/usage/sums";
import { navigate } from "@/router";
import { FakeServer, renderPage } from "@/testing/render";

// jsdom has no canvas.
vi.mock("@/components/chart", () => ({ default: () => null }));
vi.mock("@/components/save-file", () => ({ saveFile: vi.fn() }));

const TODAY = "2026-11-22";
const ROW: UsageRow = {
  model: "small",
  agent: "dev",
  date: TODAY,
  total_tokens: 100,
  total_cost: "0.1",
  avg_response_time: 1,
  request_count: 2,
  cached_count: 1,
  call_count: 1,
  unpriced_count: 0,
};
const ROWS = [ROW, { ...ROW, agent: "luna", total_cost: "0.2" }, { ...ROW, model: "large", date: "2026-01-01" }];

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(`${TODAY}T12:00:00Z`) }));
afterEach(() => vi.useRealTimers());

test("sums are exact, most expensive first", () => {
  expect(sumsBy(ROWS, "model")).toEqual([
    { name: "small", requests: 4, cached: 2, tokens: 200, cost: "0.3" },
    { name: "large", requests: 2, cached: 1, tokens: 100, cost: "0.1" },
  ]);
  expect(sumsBy(ROWS, "agent").map((sum) => sum.name)).toEqual(["dev", "luna"]);
});

test("every day of the period is there, oldest first", () => {
  const days = sumsByDay(ROWS, 3, Date.parse("2026-01-02T23:59:59Z"));
  expect(days.map((day) => [day.name, day.requests])).toEqual([
    ["2025-12-31", 0],
    ["2026-01-01", 2],
    ["2026-01-02", 0],
  ]);
});

const ANALYTICS: Analytics = {
  period_days: 30,
  usage_data: ROWS,
  summary: {
    total_requests: 6,
    cached_requests: 3,
    total_calls: 3,
    total_tokens: 300,
    estimated_calls: 0,
    unpriced_calls: 0,
    avg_response_time: 1,
  },
  cost_analysis: {
    total_cost: "0.4",
    baseline_cost: "0.8",
    saved: "0.4",
    saved_by: { routing: "0.5", cache: "-0.1" },
    evidence: { calibrated: true, loss: 0.042, low: 0.021, high: 0.08, labels: 310 },
    avg_cost_per_request: "0.066",
    recommendations: ["Use the quick mode."],
  },
};

function server(): FakeServer {
  return new FakeServer({
    "GET /api/ai/v4/agents/available": () => ({ body: { agents: [] } }),
    "GET /api/ai/v4/analytics/user": () => ({ body: ANALYTICS }),
    "GET /api/usage/budget": () => ({
      body: {
        day: TODAY,
        tokens: null,
        cost: { limit: "1", used: "0.4", left: "0.6" },
        resets_at: "2026-11-23T00:00:00Z",
      },
    }),
  });
}

test("cost, savings and what is left of the budget", async () => {
  navigate("/account/usage");
  renderPage(<App />, server());
  expect(await screen.findByText("the largest model alone: $0.80")).toBeDefined();
  expect(screen.getByText(/Routing saved \$0.50, the cache -\$0.10\. .*4.2% .*between 2.1% and 8%/)).toBeDefined();
  expect((await screen.findAllByText("$0.60 of $1.00 left")).length).toBeGreaterThan(0);
  expect(screen.getByText("Use the quick mode.")).toBeDefined();
});

test("the chart has its table and its CSV file", async () => {
  navigate("/account/usage");
  renderPage(<App />, server());
  const figure = within(await screen.findByRole("figure", { name: "By day" }));
  await userEvent.click(figure.getByText("As a table"));
  expect(figure.getAllByRole("row")).toHaveLength(31);
  expect(within(figure.getAllByRole("row")[1] as HTMLElement).getByText("$0.30")).toBeDefined();
  await userEvent.click(figure.getByRole("button", { name: "CSV" }));
  const [text, name] = vi.mocked(saveFile).mock.lastCall ?? [];
  expect(name).toBe("aether-cost-by-day.csv");
  expect(String(text).trimEnd().split("\r\n").at(-1)).toBe(`${TODAY}T00:00:00.000Z,0.3`);
});

test("another period is asked for", async () => {
  navigate("/account/usage");
  const fake = server();
  renderPage(<App />, fake);
  await userEvent.selectOptions(await screen.findByLabelText("Period"), "90");
  await waitFor(() => expect(fake.calls.some((call) => call.path.endsWith("days=90"))).toBe(true));
});
