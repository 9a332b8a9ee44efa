/** What may be compared, at what cost, and whether routing is fitted by itself. */
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Calibration, CalibrationSettings } from "@/api/calibration";
import { CheckField, Field } from "@/components/field";
import { Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Section } from "@/pages/account/settings-page";
import { CALIBRATION, CALIBRATION_PATH } from "@/pages/admin/queries";
import { useApi } from "@/session/context";

const OUTCOMES = ["compared", "failed", "unaffordable", "dropped"] as const;

export function ComparisonSettings({ calibration }: { calibration: Calibration }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const save = async ({ budget = "", sample, pinned }: Record<string, string>): Promise<void> => {
    const body: CalibrationSettings = {
      daily_budget_usd: budget.trim() || null,
      sample_share: Number(sample) / 100,
      pinned: pinned === "on",
    };
    queries.setQueryData(CALIBRATION, await api.put<Calibration>(CALIBRATION_PATH, body));
    toast(t("settings.saved"));
  };
  const outcomes = OUTCOMES.filter((name) => calibration.comparisons[name]).map(
    (name) => `${calibration.comparisons[name]} ${t(`calibration.${name}`)}`,
  );
  return (
    <Section title={t("calibration.settings")} text={t("calibration.settings.text")}>
      <Form submit={t("common.save")} onSubmit={save}>
        <div className="filters">
          <Field
            label={t("calibration.daily_budget")}
            hint={t("calibration.daily_budget.hint")}
            name="budget"
            inputMode="decimal"
            pattern="\s*\d+(\.\d{1,12})?\s*"
            maxLength={30}
            defaultValue={calibration.daily_budget_usd ?? ""}
          />
          <Field
            label={t("calibration.sample")}
            name="sample"
            type="number"
            min={0.1}
            max={100}
            step={0.1}
            required
            defaultValue={Math.round(calibration.sample_share * 1000) / 10}
          />
        </div>
        <CheckField
          label={t("calibration.pinned")}
          hint={t("calibration.pinned.hint")}
          name="pinned"
          defaultChecked={calibration.pinned}
        />
      </Form>
      {outcomes.length > 0 && (
        <p className="soft small">{t("calibration.outcomes", { outcomes: outcomes.join(", ") })}</p>
      )}
    </Section>
  );
}
