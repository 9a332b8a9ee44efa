/** How routing is calibrated on own traffic: what is in use, what it rests on, and what can be done about it. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Calibration, LabelSource } from "@/api/calibration";
import { TableFigure } from "@/components/table-figure";
import { type Tile, Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { CALIBRATION, CALIBRATION_PATH } from "@/pages/admin/queries";
import { FitSection } from "@/pages/admin/routing-fit";
import { RoutingHistory } from "@/pages/admin/routing-history";
import { ComparisonSettings } from "@/pages/admin/routing-settings";
import { useUnits } from "@/pages/admin/units";
import { useApi } from "@/session/context";

const EVERY_MS = 15_000;
const OTHERS = "*";

export default function RoutingPage(): ReactNode {
  const api = useApi();
  const query = useQuery({
    queryKey: CALIBRATION,
    queryFn: ({ signal }) => api.get<Calibration>(CALIBRATION_PATH, signal),
    refetchInterval: EVERY_MS,
  });
  return <Loaded query={query}>{(calibration) => <Report calibration={calibration} />}</Loaded>;
}

function Report({ calibration }: { calibration: Calibration }): ReactNode {
  return (
    <div className="stack">
      <Notices calibration={calibration} />
      <Tiles tiles={useTiles(calibration)} />
      <FitSection />
      <ComparisonSettings key={settingsOf(calibration)} calibration={calibration} />
      <DomainTable calibration={calibration} />
      <LabelTable labels={calibration.labels} />
      <RoutingHistory inUse={calibration.in_use?.version ?? 0} />
    </div>
  );
}

/** Where somebody else has set them otherwise, the form begins anew. */
function settingsOf({ daily_budget_usd, sample_share, pinned }: Calibration): string {
  return JSON.stringify([daily_budget_usd, sample_share, pinned]);
}

function Notices({ calibration: { in_use, drift } }: { calibration: Calibration }): ReactNode {
  const { t, date, number } = useWords();
  const { share } = useUnits();
  const index = drift && number(drift.index, { maximumFractionDigits: 2 });
  return (
    <>
      <p className={`notice ${in_use ? "" : "warning"}`} role="status">
        {in_use ? t("calibration.on", { version: in_use.version, date: date(in_use.at) }) : t("calibration.off")}
      </p>
      {drift?.alarming && (
        <p className="notice danger" role="alert">
          {drift.index > 0.25
            ? t("calibration.alarm.index", { index: `${index}` })
            : t("calibration.alarm.excess", { excess: share(drift.excess) })}
        </p>
      )}
    </>
  );
}

function useTiles(calibration: Calibration): Tile[] {
  const { t, number } = useWords();
  const { count, money, share } = useUnits();
  const { daily_budget_usd: budget, evidence, drift } = calibration;
  const labels = calibration.labels.reduce((sum, row) => sum + row.labels, 0);
  return [
    { label: t("calibration.budget"), value: share(calibration.large_share), text: t("calibration.budget.text") },
    {
      label: t("calibration.loss"),
      value: share(evidence.loss),
      text:
        evidence.loss === null
          ? null
          : t("calibration.loss.text", {
              low: share(evidence.low),
              high: share(evidence.high),
              labels: count(evidence.labels),
            }),
    },
    {
      label: t("calibration.spent"),
      value: money(calibration.spent_today_usd),
      text: budget === null ? t("calibration.spent.off") : t("calibration.spent.of", { budget: money(budget) }),
    },
    { label: t("calibration.labels"), value: count(labels), text: t("calibration.labels.text") },
    {
      label: t("calibration.drift"),
      value: drift ? number(drift.index, { maximumFractionDigits: 2 }) : "–",
      text: t("calibration.drift.text"),
    },
  ];
}

interface DomainRow {
  domain: string;
  requests: number;
  share: number;
  expected: number | null;
}

function DomainTable({ calibration }: { calibration: Calibration }): ReactNode {
  const { t } = useWords();
  const { count, share } = useUnits();
  const expected = new Map(calibration.in_use?.domains.map((row) => [row.domain, row.share]));
  const rows = calibration.domains.map((row): DomainRow => ({ ...row, expected: expected.get(row.domain) ?? null }));
  return (
    <TableFigure<DomainRow>
      title={t("calibration.domains")}
      name="aether-routing-topics"
      columns={[
        {
          label: t("calibration.domain"),
          value: (row) => row.domain,
          text: (row) => (row.domain === OTHERS ? t("calibration.others") : row.domain),
        },
        {
          label: t("calibration.requests"),
          numeric: true,
          value: (row) => row.requests,
          text: (row) => count(row.requests),
        },
        {
          label: t("calibration.large"),
          numeric: true,
          value: (row) => row.share,
          text: (row) => share(row.share),
          bar: (row) => row.share,
        },
        {
          label: t("calibration.expected"),
          numeric: true,
          value: (row) => row.expected,
          text: (row) => share(row.expected),
        },
      ]}
      rows={rows}
      keyOf={(row) => row.domain}
      empty={t("calibration.domains.none")}
    />
  );
}

type LabelRow = Record<"better" | "same" | "worse", number> & { source: LabelSource };

function LabelTable({ labels }: Pick<Calibration, "labels">): ReactNode {
  const { t } = useWords();
  const { count } = useUnits();
  const of = (source: LabelSource, gain: number): number =>
    labels.find((row) => row.source === source && row.gain === gain)?.labels ?? 0;
  const rows = [...new Set(labels.map((row) => row.source))].map(
    (source): LabelRow => ({ source, better: of(source, 1), same: of(source, 0), worse: of(source, -1) }),
  );
  const counted = (name: "better" | "same" | "worse") => ({
    label: t(`calibration.${name}`),
    numeric: true,
    value: (row: LabelRow) => row[name],
    text: (row: LabelRow) => count(row[name]),
  });
  return (
    <TableFigure
      title={t("calibration.sources")}
      name="aether-routing-labels"
      columns={[
        {
          label: t("calibration.source"),
          value: (row) => row.source,
          text: (row) => t(`calibration.source.${row.source}`),
        },
        counted("better"),
        counted("same"),
        counted("worse"),
      ]}
      rows={rows}
      keyOf={(row) => row.source}
      empty={t("calibration.sources.none")}
    />
  );
}
