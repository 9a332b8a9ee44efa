/** What a fit would come to, and the button that puts one into use. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { CalibrationVersion } from "@/api/calibration";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Section } from "@/pages/account/settings-page";
import { CALIBRATION, CALIBRATION_PATH } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";
import { useApi } from "@/session/context";

export function FitSection(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const preview = useMutation({
    mutationFn: () => api.post<CalibrationVersion>(`${CALIBRATION_PATH}/dry-run`),
  });
  const refit = useMutation({
    mutationFn: () => api.post<CalibrationVersion>(`${CALIBRATION_PATH}/refit`),
    onSuccess: ({ version }) => {
      toast(t("calibration.refitted", { version }));
      preview.reset();
      return queries.invalidateQueries({ queryKey: CALIBRATION });
    },
  });
  const failure = refit.error ?? preview.error;
  return (
    <Section title={t("calibration.fit")} text={t("calibration.fit.text")}>
      <div className="row wrap">
        <Button busy={preview.isPending} onClick={() => preview.mutate()}>
          {t("calibration.dry_run")}
        </Button>
        <Button kind="primary" busy={refit.isPending} onClick={() => refit.mutate()}>
          {t("calibration.refit")}
        </Button>
      </div>
      {failure && (
        <p className="notice danger" role="alert">
          {explained(failure, t)}
        </p>
      )}
      {preview.data && <Preview fitted={preview.data} />}
    </Section>
  );
}

function Preview({ fitted: { share, share_before, loss, domains } }: { fitted: CalibrationVersion }): ReactNode {
  const { t } = useWords();
  const units = useUnits();
  return (
    <div className="notice" role="status">
      <p>{t("calibration.preview", { share: units.share(share), before: units.share(share_before) })}</p>
      <p>
        {loss
          ? t("calibration.preview.loss", {
              loss: units.share(loss.share),
              low: units.share(loss.low),
              high: units.share(loss.high),
            })
          : t("calibration.preview.unknown")}
      </p>
      <p className="soft small">{domains.map((row) => `${row.domain} ${units.share(row.share)}`).join(", ")}</p>
    </div>
  );
}
