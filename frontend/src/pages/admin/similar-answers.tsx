import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { SimilarAnswers } from "@/api/admin";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { useUnits } from "@/pages/admin/units";
import { useApi } from "@/session/context";

const PATH = "/api/admin/similar-answers";
const KEY = ["admin", "similar-answers"] as const;

/** How many answers to similar questions were wrong, and whether they are reused at all. */
export default function SimilarAnswersPage(): ReactNode {
  const api = useApi();
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get<SimilarAnswers>(PATH, signal),
    refetchInterval: 15_000,
  });
  return <Loaded query={query}>{(found) => <Findings found={found} />}</Loaded>;
}

function Findings({ found }: { found: SimilarAnswers }): ReactNode {
  const { t } = useWords();
  const { count, share } = useUnits();
  const change = useSwitch();
  const { allowed, enabled, reason, low, high } = found;
  const state = enabled ? t("similar.on") : t(allowed ? "similar.off" : "similar.forbidden");
  const falseNote =
    low === null || high === null
      ? t("similar.unaudited")
      : t("similar.interval", { low: share(low), high: share(high) });
  return (
    <div className="stack">
      <p>{t("similar.text", { audited: share(found.audited_share), ceiling: share(found.ceiling) })}</p>
      <p className={`notice ${enabled ? "" : "danger"}`} role="status">
        {state} {!enabled && reason}
      </p>
      <Tiles
        tiles={[
          {
            label: t("similar.served"),
            value: count(found.served),
            text: t("similar.disputed", { disputed: count(found.disputed), count: found.disputed }),
          },
          {
            label: t("similar.audited"),
            value: count(found.audited),
            text: t("similar.differed", { differed: count(found.differed), count: found.differed }),
          },
          { label: t("similar.false"), value: share(found.false_share), text: falseNote },
          {
            label: t("similar.certain"),
            value: share(found.certain),
            text: t("similar.ceiling", { ceiling: share(found.ceiling) }),
          },
        ]}
      />
      {change.error && (
        <p className="notice danger" role="alert">
          {explained(change.error, t)}
        </p>
      )}
      {allowed && (
        <div>
          <Button kind={enabled ? "danger" : "primary"} busy={change.isPending} onClick={() => change.mutate(!enabled)}>
            {t(enabled ? "similar.switch_off" : "similar.switch_on")}
          </Button>
        </div>
      )}
    </div>
  );
}

function useSwitch() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) => api.put<SimilarAnswers>(PATH, { enabled }),
    onSuccess: (found) => queries.setQueryData(KEY, found),
  });
}
