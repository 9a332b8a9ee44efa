import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Spending } from "@/api/admin";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { explained } from "@/components/form";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { useUnits } from "@/pages/admin/units";
import { useApi } from "@/session/context";

const PATH = "/api/admin/spending";
const KEY = ["admin", "spending"] as const;

export default function SpendingPage(): ReactNode {
  const api = useApi();
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get<Spending>(PATH, signal),
    refetchInterval: 15_000,
  });
  return <Loaded query={query}>{(spending) => <Switch spending={spending} />}</Loaded>;
}

function Switch({ spending }: { spending: Spending }): ReactNode {
  const { t } = useWords();
  const { money } = useUnits();
  const [asking, setAsking] = useState(false);
  const change = useSwitch();
  const { enabled } = spending;
  const cap = (usd: string | null): string =>
    usd === null ? t("spending.no_cap") : t("spending.cap", { cap: money(usd) });
  return (
    <div className="stack">
      <p className={`notice ${enabled ? "" : "danger"}`} role="status">
        {t(enabled ? "spending.on" : "spending.off")}
      </p>
      <Tiles
        tiles={[
          { label: t("spending.hour"), value: money(spending.spent_hour), text: cap(spending.cap_hour) },
          { label: t("spending.month"), value: money(spending.spent_month), text: cap(spending.cap_month) },
        ]}
      />
      {change.error && (
        <p className="notice danger" role="alert">
          {explained(change.error, t)}
        </p>
      )}
      <div>
        {enabled ? (
          <Button kind="danger" busy={change.isPending} onClick={() => setAsking(true)}>
            {t("spending.switch_off")}
          </Button>
        ) : (
          <Button kind="primary" busy={change.isPending} onClick={() => change.mutate(true)}>
            {t("spending.switch_on")}
          </Button>
        )}
      </div>
      {asking && (
        <Confirm
          title={t("spending.ask")}
          text={t("spending.ask.text")}
          action={t("spending.switch_off")}
          onConfirm={() => change.mutate(false)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

function useSwitch() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) => api.put<Spending>(PATH, { enabled }),
    onSuccess: (spending) => queries.setQueryData(KEY, spending),
  });
}
