import type { ReactNode } from "react";
import type { CallStats, CommandStats, Dashboard, RouteStats, WorkerStatus } from "@/api/admin";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { useUnits } from "@/pages/admin/units";

type ModelRow = CallStats & { model: string };
type AgentRow = CallStats & { agent: string };

/** What stands behind the figures: layers, models, agents, routes, commands, workers. */
export function LiveTables({ board }: { board: Dashboard }): ReactNode {
  const { t } = useWords();
  const { by_model, by_agent } = board.ai_stats;
  return (
    <>
      <LayerTable cache={board.cache_stats} />
      <TableFigure
        title={t("table.models")}
        name="aether-models"
        columns={[{ label: t("table.model"), value: (row) => row.model }, ...useCallColumns<ModelRow>()]}
        rows={by_model}
        keyOf={(row) => row.model}
      />
      <TableFigure
        title={t("table.agents")}
        name="aether-agents"
        columns={[{ label: t("table.agent"), value: (row) => row.agent }, ...useCallColumns<AgentRow>()]}
        rows={by_agent}
        keyOf={(row) => row.agent}
      />
      <TableFigure
        title={t("table.routes")}
        name="aether-routes"
        columns={useRouteColumns()}
        rows={board.performance_stats.by_route}
        keyOf={(row) => row.method + row.route}
      />
      <TableFigure
        title={t("table.slowest")}
        name="aether-commands"
        columns={useCommandColumns()}
        rows={board.database_stats.slowest}
        keyOf={(row) => `${row.command} ${row.collection}`}
      />
      <TableFigure
        title={t("table.workers")}
        name="aether-workers"
        columns={useWorkerColumns()}
        rows={board.system.workers}
        keyOf={(row) => row.worker}
      />
    </>
  );
}

function LayerTable({ cache }: { cache: Dashboard["cache_stats"] }): ReactNode {
  const { t } = useWords();
  const { count, share, money } = useUnits();
  const rows = Object.entries(cache.by_layer).map(([layer, hits]) => ({
    layer,
    hits,
    saved: cache.saved_by_layer[layer] ?? "0",
  }));
  const part = (hits: number): number => (cache.lookups ? hits / cache.lookups : 0);
  return (
    <TableFigure
      title={t("table.layers")}
      name="aether-cache"
      columns={[
        { label: t("table.layer"), value: (row) => row.layer },
        { label: t("table.hits"), numeric: true, value: (row) => row.hits, text: (row) => count(row.hits) },
        {
          label: t("table.hit_rate"),
          numeric: true,
          value: (row) => part(row.hits),
          text: (row) => share(part(row.hits)),
          bar: (row) => part(row.hits),
        },
        { label: t("table.saved"), numeric: true, value: (row) => row.saved, text: (row) => money(row.saved) },
      ]}
      rows={rows}
      keyOf={(row) => row.layer}
      empty={t("table.layers.none")}
    />
  );
}

function useCallColumns<Row extends CallStats>(): Column<Row>[] {
  const { t } = useWords();
  const { count, money, duration } = useUnits();
  const numeric = true;
  return [
    { label: t("table.calls"), numeric, value: (row) => row.calls, text: (row) => count(row.calls) },
    { label: t("table.failed"), numeric, value: (row) => row.failed, text: (row) => count(row.failed) },
    { label: t("live.tokens"), numeric, value: (row) => row.tokens.total, text: (row) => count(row.tokens.total) },
    { label: t("live.cost"), numeric, value: (row) => row.cost, text: (row) => money(row.cost) },
    { label: t("table.saved"), numeric, value: (row) => row.saved, text: (row) => money(row.saved) },
    { label: t("chart.median"), numeric, value: (row) => row.latency.p50, text: (row) => duration(row.latency.p50) },
    { label: t("chart.p95"), numeric, value: (row) => row.latency.p95, text: (row) => duration(row.latency.p95) },
    { label: t("table.ttft"), numeric, value: (row) => row.ttft.p50, text: (row) => duration(row.ttft.p50) },
  ];
}

function useRouteColumns(): Column<RouteStats>[] {
  const { t } = useWords();
  const { count, share, duration } = useUnits();
  const numeric = true;
  return [
    { label: t("table.route"), value: (row) => `${row.method} ${row.route}` },
    { label: t("table.requests"), numeric, value: (row) => row.count, text: (row) => count(row.count) },
    { label: t("live.errors"), numeric, value: (row) => row.error_rate, text: (row) => share(row.error_rate) },
    { label: t("chart.median"), numeric, value: (row) => row.p50, text: (row) => duration(row.p50) },
    { label: t("chart.p95"), numeric, value: (row) => row.p95, text: (row) => duration(row.p95) },
    { label: t("chart.p99"), numeric, value: (row) => row.p99, text: (row) => duration(row.p99) },
  ];
}

function useCommandColumns(): Column<CommandStats>[] {
  const { t } = useWords();
  const { count, duration } = useUnits();
  const numeric = true;
  return [
    { label: t("table.command"), value: (row) => `${row.command} ${row.collection}` },
    { label: t("table.calls"), numeric, value: (row) => row.count, text: (row) => count(row.count) },
    { label: t("table.failed"), numeric, value: (row) => row.failed, text: (row) => count(row.failed) },
    { label: t("chart.median"), numeric, value: (row) => row.p50, text: (row) => duration(row.p50) },
    { label: t("chart.p95"), numeric, value: (row) => row.p95, text: (row) => duration(row.p95) },
  ];
}

function useWorkerColumns(): Column<WorkerStatus>[] {
  const { t } = useWords();
  const { count, share, bytes } = useUnits();
  const numeric = true;
  return [
    { label: t("table.worker"), value: (row) => row.worker },
    { label: t("live.cpu"), numeric, value: (row) => row.process_cpu, text: (row) => share(row.process_cpu) },
    {
      label: t("live.memory"),
      numeric,
      value: (row) => row.process_memory_bytes,
      text: (row) => bytes(row.process_memory_bytes),
    },
    { label: t("table.files"), numeric, value: (row) => row.open_fds, text: (row) => count(row.open_fds) },
    { label: t("table.threads"), numeric, value: (row) => row.threads, text: (row) => count(row.threads) },
  ];
}
