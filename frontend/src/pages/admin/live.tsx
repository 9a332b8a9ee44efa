import { type ReactNode, useState } from "react";
import { type Dashboard, WINDOWS, type WindowName } from "@/api/admin";
import { Choices } from "@/components/choices";
import { SavingsNote } from "@/components/savings-note";
import { type Tile, Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { Alerts } from "@/pages/admin/alerts";
import { LiveCharts } from "@/pages/admin/live-charts";
import { LiveTables } from "@/pages/admin/live-tables";
import { useDashboard, useHealth } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";
import { SimulatedNotice } from "@/pages/simulated-notice";

export default function LivePage(): ReactNode {
  const { t, date } = useWords();
  const [window, setWindow] = useState<WindowName>("1h");
  const query = useDashboard(window);
  const choices = WINDOWS.map((value) => ({ value, label: t(`window.${value}`) }));
  return (
    <div className="stack">
      <SimulatedNotice />
      <div className="row admin-tools">
        <Choices label={t("window.label")} choices={choices} chosen={window} onChoose={setWindow} />
        <span className="soft small grow">
          {query.data && t("live.at", { time: date(query.data.until, { timeStyle: "medium" }) })}
        </span>
      </div>
      <Alerts />
      <Loaded query={query}>
        {(board) => (
          <>
            {board.notice && <p className="notice warn">{board.notice}</p>}
            <Figures board={board} />
            <SavingsNote evidence={board.evidence} />
            <Recommendations board={board} />
            <LiveCharts points={board.recent_metrics} window={board.window} />
            <LiveTables board={board} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function Figures({ board }: { board: Dashboard }): ReactNode {
  return <Tiles tiles={[...useTraffic(board), ...useModels(board), ...useMachines(board)]} />;
}

function useTraffic({ current_status: now, performance_stats: stats }: Dashboard): Tile[] {
  const { t } = useWords();
  const { rate, count, share, duration } = useUnits();
  return [
    {
      label: t("live.rate"),
      value: rate(now.requests_per_second),
      text: t("live.requests.note", { requests: count(stats.count), count: stats.count }),
    },
    {
      label: t("live.latency"),
      value: duration(stats.p50),
      text: t("live.percentiles", { p95: duration(stats.p95), p99: duration(stats.p99) }),
    },
    {
      label: t("live.errors"),
      value: share(stats.error_rate),
      text: t("live.errors.note", { errors: count(stats.errors), count: stats.errors }),
    },
  ];
}

function useModels({ ai_stats: ai, cache_stats: cache }: Dashboard): Tile[] {
  const { t } = useWords();
  const { count, share, duration, money } = useUnits();
  return [
    {
      label: t("live.ai"),
      value: duration(ai.latency.p50),
      text: t("live.percentiles", { p95: duration(ai.latency.p95), p99: duration(ai.latency.p99) }),
    },
    {
      label: t("live.ttft"),
      value: duration(ai.ttft.p50),
      text: t("live.percentiles", { p95: duration(ai.ttft.p95), p99: duration(ai.ttft.p99) }),
    },
    {
      label: t("live.tokens"),
      value: count(ai.tokens.total),
      text: t("live.calls.note", { calls: count(ai.calls), count: ai.calls }),
    },
    { label: t("live.cost"), value: money(ai.cost), text: t("live.saved", { saved: money(ai.saved) }) },
    {
      label: t("live.cache"),
      value: share(cache.hit_rate),
      text: t("live.cache.note", {
        hits: count(cache.hits),
        lookups: count(cache.lookups),
        saved: money(cache.saved),
      }),
    },
  ];
}

function useMachines({ system, database_stats: database, current_status: now }: Dashboard): Tile[] {
  const { t } = useWords();
  const { share, duration, count } = useUnits();
  const redis = useHealth().data?.checks.redis;
  const highest = (gauge: string): number | null => {
    const values = Object.values(system.machines).flatMap((gauges) => gauges[gauge]?.avg ?? []);
    return values.length ? Math.max(...values) : null;
  };
  return [
    {
      label: t("live.workers"),
      value: count(now.workers),
      text: t("live.in_flight", { count: now.operations_in_flight }),
    },
    { label: t("live.cpu"), value: share(highest("cpu")) },
    { label: t("live.memory"), value: share(highest("memory")) },
    { label: t("live.disk"), value: share(highest("disk")) },
    { label: t("live.database"), value: duration(database.p50), text: t("live.p95", { p95: duration(database.p95) }) },
    { label: t("live.redis"), value: duration(redis?.status === "ok" ? redis.latency_ms / 1000 : null) },
  ];
}

function Recommendations({ board: { recommendations } }: { board: Dashboard }): ReactNode {
  const { t } = useWords();
  return (
    <section className="figure" aria-label={t("advice.title")}>
      <h2>{t("advice.title")}</h2>
      {recommendations.length === 0 ? (
        <p className="soft">{t("advice.none")}</p>
      ) : (
        <ul className="advice">
          {recommendations.map(({ id, severity, figure, text }) => (
            <li key={id + text}>
              <span className={`badge ${severity}`}>{t(`severity.${severity}`)}</span> {text}{" "}
              <code className="soft small">{figure}</code>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
