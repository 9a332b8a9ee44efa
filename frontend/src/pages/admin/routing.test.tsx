import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Calibration, CalibrationVersion } from "@/api/calibration";
import { App } from "@/app";
import { navigate } from "@/router";
import { FakeServer, problem, renderPage, USER } from "@/testing/render";

const ADMIN = { ...USER, role: "admin" as const };
const PATH = "/api/admin/calibration";
const FITTED: CalibrationVersion = {
  version: 2,
  at: "2026-11-22T12:00:00Z",
  actor_id: "aether",
  cause: "labels",
  labels: { judge: 60, thumbs: 4 },
  requests: 900,
  large_share: 0.4,
  share_before: 0.63,
  share: 0.4,
  domains: [{ domain: "math", requests: 900, share: 0.4 }],
  loss: { share: 0.125, low: 0.06, high: 0.22, labels: 60 },
};
const FRESH: Calibration = {
  calibrated: false,
  in_use: null,
  large_share: 0.4,
  daily_budget_usd: null,
  spent_today_usd: "0",
  sample_share: 0.02,
  pinned: false,
  evidence: { calibrated: false, loss: null, low: null, high: null, labels: 0 },
  drift: null,
  domains: [],
  labels: [],
  comparisons: {},
};
const CALIBRATED: Calibration = {
  ...FRESH,
  calibrated: true,
  in_use: FITTED,
  evidence: { calibrated: true, loss: 0.125, low: 0.06, high: 0.22, labels: 60 },
  drift: { index: 0.31, excess: 0.02, requests: 800, alarming: true },
  domains: [{ domain: "math", requests: 900, share: 0.5 }],
  labels: [
    { source: "judge", gain: 1, labels: 9 },
    { source: "judge", gain: 0, labels: 51 },
  ],
  comparisons: { compared: 60, dropped: 3 },
};

function opened(calibration: Calibration): FakeServer {
  const items = calibration.in_use ? [FITTED, { ...FITTED, version: 1 }] : [];
  const server = new FakeServer({
    [`GET ${PATH}`]: () => ({ body: calibration }),
    [`GET ${PATH}/history`]: () => ({ body: { items, next_cursor: null } }),
  });
  navigate("/admin/routing");
  renderPage(<App />, server, ADMIN);
  return server;
}

function sent(server: FakeServer, method: string, path: string): unknown {
  return server.calls.find((call) => call.method === method && call.path === path)?.body;
}

test("until the first fit the page says that routing is not calibrated", async () => {
  opened(FRESH);
  expect(await screen.findByText(/^Routing is not calibrated/)).toBeDefined();
  expect(await screen.findByText("Nothing was fitted yet.")).toBeDefined();
  expect(screen.queryByRole("button", { name: "Use no calibration" })).toBeNull();
});

test("what is in use, what it loses, and that questions have changed", async () => {
  opened(CALIBRATED);
  expect(await screen.findByText(/^Version 2 of/)).toBeDefined();
  expect(screen.getByRole("alert").textContent).toContain("stability index 0.31");
  expect(screen.getByText("6%–22%, from 60 comparisons")).toBeDefined();
  expect(screen.getByText("Comparisons of 14 days: 60 compared, 3 dropped.")).toBeDefined();
  const judged = within(screen.getByRole("group", { name: "Labels by source" })).getAllByRole("cell");
  expect(judged.map((cell) => cell.textContent)).toEqual(["judged in both orders", "9", "51", "0"]);
});

test("a dry run shows what a fit would come to, and a refusal says why", async () => {
  const server = opened(FRESH)
    .on(`POST ${PATH}/dry-run`, () => ({ body: FITTED }))
    .on(`POST ${PATH}/refit`, () => problem(409, "too_little_traffic"));
  await userEvent.click(await screen.findByRole("button", { name: "Dry run" }));
  expect(await screen.findByText("The large model would answer 40% of questions instead of 63%.")).toBeDefined();
  expect(screen.getByText(/13% are expected to be worse/)).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Fit and use" }));
  expect(await screen.findByRole("alert")).toBeDefined();
  expect(server.calls.filter((call) => call.method === "POST")).toHaveLength(2);
});

test("the budget is set as money, an empty one switches comparisons off", async () => {
  const server = opened(FRESH).on(`PUT ${PATH}`, () => ({ body: { ...FRESH, daily_budget_usd: "0.50" } }));
  await userEvent.type(await screen.findByLabelText("Budget a day in USD"), "0.50");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(sent(server, "PUT", PATH)).toEqual({ daily_budget_usd: "0.50", sample_share: 0.02, pinned: false }),
  );
  expect(await screen.findByText("of $0.50")).toBeDefined();
});

test("an earlier version is taken into use after a question", async () => {
  const server = opened(CALIBRATED).on(`POST ${PATH}/rollback`, () => ({ body: { ...CALIBRATED, pinned: true } }));
  await userEvent.click(await screen.findByRole("button", { name: "Use version 1" }));
  expect(sent(server, "POST", `${PATH}/rollback`)).toBeUndefined();
  const dialog = await screen.findByRole("dialog");
  await userEvent.click(within(dialog).getByRole("button", { name: "Use" }));
  await waitFor(() => expect(sent(server, "POST", `${PATH}/rollback`)).toEqual({ version: 1 }));
});
