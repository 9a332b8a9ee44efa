import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

/** Says that no model answers, where that is so. */
export function SimulatedNotice(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => api.get<{ simulated: boolean }>("/api/ai/v4/models", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data?.simulated ? <p className="simulated small">{t("app.simulated")}</p> : null;
}
