import type { ReactNode } from "react";
import type { Alert } from "@/api/admin";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { useAlerts } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";

/** What fires now, in words; below it what fired and is over, with measured value and threshold. */
export function Alerts(): ReactNode {
  const { t } = useWords();
  const query = useAlerts();
  const columns = useColumns();
  return (
    <Loaded query={query}>
      {({ firing, resolved }) => (
        <>
          <div role="status" className="stack">
            {firing.length === 0 && <p className="notice">{t("alerts.none")}</p>}
            {firing.map((alert) => (
              <Firing key={alert.id} alert={alert} />
            ))}
          </div>
          {resolved.length > 0 && (
            <details>
              <summary>{t("alerts.resolved.count", { count: resolved.length })}</summary>
              <TableFigure
                title={t("alerts.resolved")}
                name="aether-alerts"
                columns={columns}
                rows={resolved}
                keyOf={(row) => row.id}
              />
            </details>
          )}
        </>
      )}
    </Loaded>
  );
}

function Firing({ alert }: { alert: Alert }): ReactNode {
  const { t, date } = useWords();
  const { measured } = useUnits();
  const { value, threshold, unit } = alert;
  return (
    <div className={`notice ${alert.severity === "critical" ? "danger" : "warn"}`}>
      <strong>{t(`severity.${alert.severity}`)}</strong> {alert.message}
      <div className="small">
        {t("alerts.measured", { value: measured(value, unit), threshold: measured(threshold, unit) })} ·{" "}
        {t("alerts.since", { time: date(alert.fired_at) })} · <code>{alert.rule}</code>
      </div>
    </div>
  );
}

function useColumns(): Column<Alert>[] {
  const { t, date } = useWords();
  const { measured } = useUnits();
  return [
    { label: t("alerts.rule"), value: (row) => row.rule },
    { label: t("alerts.severity"), value: (row) => row.severity, text: (row) => t(`severity.${row.severity}`) },
    {
      label: t("alerts.value"),
      numeric: true,
      value: (row) => row.value,
      text: (row) => measured(row.value, row.unit),
    },
    {
      label: t("alerts.threshold"),
      numeric: true,
      value: (row) => row.threshold,
      text: (row) => measured(row.threshold, row.unit),
    },
    { label: t("alerts.fired"), value: (row) => row.fired_at, text: (row) => date(row.fired_at) },
    {
      label: t("alerts.ended"),
      value: (row) => row.resolved_at,
      text: (row) => row.resolved_at && date(row.resolved_at),
    },
  ];
}
