import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { FactorStatus } from "@/api/account";
import { Button } from "@/components/button";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { DisableDialog, EnrolDialog, NewCodesDialog } from "@/pages/account/factor-dialogs";
import { Loaded } from "@/pages/account/loaded";
import { Section } from "@/pages/account/settings-page";
import { useLinked } from "@/pages/account/use-linked";
import { useApi } from "@/session/context";

const KEY = ["second-factor"];
const FEW = 3;
const DIALOGS = { enrol: EnrolDialog, codes: NewCodesDialog, disable: DisableDialog } as const;

/** Codes of an authenticator app at sign-in. */
export function FactorSection(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [open, setOpen] = useState<keyof typeof DIALOGS | null>(null);
  const status = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get<FactorStatus>("/api/auth/mfa", signal),
  });
  const Asked = open && DIALOGS[open];
  return (
    <Section title={t("factor.title")} text={t("factor.text")}>
      <Loaded query={status}>
        {(factor) => (factor.enabled ? <Enabled factor={factor} onOpen={setOpen} /> : <Disabled onOpen={setOpen} />)}
      </Loaded>
      {Asked && (
        <Asked
          onChange={() => {
            void queries.invalidateQueries({ queryKey: KEY });
            void queries.invalidateQueries({ queryKey: ["sessions"] });
            if (open === "disable") toast(t("factor.disabled"));
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </Section>
  );
}

type Open = (dialog: keyof typeof DIALOGS) => void;

function Disabled({ onOpen }: { onOpen: Open }): ReactNode {
  const { t } = useWords();
  const { hasPassword } = useLinked();
  if (!hasPassword) return <p className="soft">{t("factor.needs_password")}</p>;
  return (
    <div>
      <Button kind="primary" onClick={() => onOpen("enrol")}>
        {t("factor.enrol")}
      </Button>
    </div>
  );
}

function Enabled({ factor, onOpen }: { factor: FactorStatus; onOpen: Open }): ReactNode {
  const { t, date } = useWords();
  const count = factor.recovery_codes_left;
  return (
    <>
      <p className="row">
        <span className="badge good">{t("factor.on")}</span>
        {factor.enabled_at && t("factor.since", { date: date(factor.enabled_at, { dateStyle: "long" }) })}
      </p>
      <p className={count <= FEW ? "notice warn" : "soft"}>{t("factor.left", { count })}</p>
      <div className="row wrap">
        <Button onClick={() => onOpen("codes")}>{t("factor.codes.new")}</Button>
        <Button onClick={() => onOpen("disable")}>{t("factor.disable")}</Button>
      </div>
    </>
  );
}
