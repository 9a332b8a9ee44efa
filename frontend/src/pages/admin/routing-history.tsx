/** Every calibration that was fitted, and the way back to one of them. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Calibration, CalibrationVersion } from "@/api/calibration";
import { usePages } from "@/api/pages";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { explained } from "@/components/form";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { CALIBRATION, CALIBRATION_PATH, pathOf } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";
import { useApi } from "@/session/context";

const NONE = 0;

/** inUse: a version, 0 while there is none. */
export function RoutingHistory({ inUse }: { inUse: number }): ReactNode {
  const { t } = useWords();
  const [asking, setAsking] = useState<number | null>(null);
  const query = usePages<CalibrationVersion>([...CALIBRATION, "history"], pathOf(`${CALIBRATION_PATH}/history`, {}));
  const rollBack = useRollBack();
  const columns = useColumns(inUse);
  return (
    <>
      <Loaded query={query}>
        {() => (
          <TableFigure
            title={t("calibration.history")}
            name="aether-calibrations"
            columns={columns}
            rows={query.items}
            keyOf={(row) => `${row.version}`}
            empty={t("calibration.history.none")}
            actions={{
              label: t("calibration.use"),
              of: ({ version }) =>
                version !== inUse && (
                  <Button
                    className="small"
                    aria-label={t("calibration.use.label", { version })}
                    onClick={() => setAsking(version)}
                  >
                    {t("calibration.use")}
                  </Button>
                ),
            }}
          />
        )}
      </Loaded>
      <div className="row wrap">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("admin.more")}
          </Button>
        )}
        {inUse !== NONE && <Button onClick={() => setAsking(NONE)}>{t("calibration.use.none")}</Button>}
      </div>
      {asking !== null && (
        <Confirm
          title={asking === NONE ? t("calibration.use.none.ask") : t("calibration.use.ask", { version: asking })}
          text={t("calibration.use.text")}
          action={asking === NONE ? t("calibration.use.none") : t("calibration.use")}
          onConfirm={() => rollBack.mutate(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function useRollBack() {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: (version: number) => api.post<Calibration>(`${CALIBRATION_PATH}/rollback`, { version }),
    onSuccess: (calibration) => queries.setQueryData(CALIBRATION, calibration),
    onError: (failure) => toast(explained(failure, t)),
  });
}

function useColumns(inUse: number): Column<CalibrationVersion>[] {
  const { t, date } = useWords();
  const { count, share } = useUnits();
  const labels = (row: CalibrationVersion): number => Object.values(row.labels).reduce((sum, some) => sum + some, 0);
  const numeric = true;
  return [
    {
      label: t("calibration.version"),
      value: (row) => row.version,
      text: (row) => (
        <>
          {row.version} {row.version === inUse && <span className="badge">{t("calibration.in_use")}</span>}
        </>
      ),
    },
    { label: t("calibration.at"), value: (row) => row.at, text: (row) => date(row.at) },
    {
      label: t("calibration.cause"),
      value: (row) => row.cause,
      text: (row) => t(`calibration.cause.${row.cause}`),
    },
    { label: t("calibration.labels"), numeric, value: labels, text: (row) => count(labels(row)) },
    { label: t("calibration.requests"), numeric, value: (row) => row.requests, text: (row) => count(row.requests) },
    { label: t("calibration.share"), numeric, value: (row) => row.share, text: (row) => share(row.share) },
    {
      label: t("calibration.loss"),
      numeric,
      value: (row) => row.loss?.share ?? null,
      text: (row) => share(row.loss?.share ?? null),
    },
  ];
}
