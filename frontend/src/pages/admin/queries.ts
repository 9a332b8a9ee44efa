import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { AlertLists, DashboardAnswer, Health, WindowName } from "@/api/admin";
import { ALERTS } from "@/chat/apply-update";
import { useApi } from "@/session/context";

const EVERY_MS = { "1h": 10_000, "24h": 60_000, "30d": 300_000 } as const;
const ALERTS_EVERY_MS = 15_000;
const PAGE_ITEMS = 50;
export const CALIBRATION = ["admin", "calibration"] as const;
export const CALIBRATION_PATH = "/api/admin/calibration";

/** Asked for again and again while the page is in sight; what is shown stays until the next figures are there. */
export function useDashboard(window: WindowName) {
  const api = useApi();
  return useQuery({
    queryKey: ["admin", "dashboard", window],
    queryFn: async ({ signal }) => {
      const path = `/api/ai/v4/performance/dashboard?window=${window}`;
      const { dashboard, evidence } = await api.get<DashboardAnswer>(path, signal);
      return { ...dashboard, evidence };
    },
    refetchInterval: EVERY_MS[window],
    placeholderData: keepPreviousData,
  });
}

export function useAlerts() {
  const api = useApi();
  return useQuery({
    queryKey: ALERTS,
    queryFn: ({ signal }) => api.get<AlertLists>("/api/ai/v4/performance/alerts", signal),
    refetchInterval: ALERTS_EVERY_MS,
  });
}

export function useHealth() {
  const api = useApi();
  return useQuery({
    queryKey: ["admin", "health"],
    queryFn: ({ signal }) => api.get<Health>("/api/ai/v4/health/detailed", signal),
    refetchInterval: EVERY_MS["1h"],
  });
}

/** The path of a list with its filters; those that are "" are left out. */
export function pathOf(list: string, filters: Readonly<Record<string, string>>): string {
  const set = Object.entries(filters).filter(([, value]) => value !== "");
  return `${list}?${new URLSearchParams([...set, ["limit", String(PAGE_ITEMS)]])}`;
}
