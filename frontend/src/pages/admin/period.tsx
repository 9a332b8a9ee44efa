import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Choices } from "@/components/choices";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

const USUAL = ["7", "30"] as const;

/** A choice of the last days, and how many were chosen. */
export function usePeriod(periods: readonly string[] = USUAL): { days: string; choice: ReactNode } {
  const { t } = useWords();
  const [days, setDays] = useState("30");
  const choices = periods.map((value) => ({ value, label: t("period.days", { count: Number(value) }) }));
  return {
    days,
    choice: <Choices label={t("window.label")} choices={choices} chosen={days} onChoose={setDays} />,
  };
}

/** What an administrator's report answers; the one before stays in sight until it is there. */
export function useReport<Report>(path: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["admin", path],
    queryFn: ({ signal }) => api.get<Report>(path, signal),
    placeholderData: keepPreviousData,
  });
}
