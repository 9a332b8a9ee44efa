/** How administrators' figures are written. */
import { useMemo } from "react";
import type { Alert, WindowName } from "@/api/admin";
import { useWords } from "@/i18n";
import { type Quantities, useQuantities } from "@/i18n/quantities";

const UNKNOWN = "–";
const TIMES: Readonly<Record<WindowName, Intl.DateTimeFormatOptions>> = {
  "1h": { hour: "2-digit", minute: "2-digit" },
  "24h": { hour: "2-digit", minute: "2-digit" },
  "30d": { day: "numeric", month: "short" },
};

export interface Units extends Quantities {
  count(value: number): string;
  /** Seconds; null: nothing was measured. */
  duration(value: number | null): string;
  /** A share 0 to 1; null: nothing was measured. */
  share(value: number | null): string;
  /** A share that matters to the last digits: 99.95%. */
  exactShare(value: number | null): string;
  rate(value: number): string;
  bytes(value: number): string;
  /** What an alert has measured. */
  measured(value: Alert["value"], unit: Alert["unit"]): string;
  time(iso: string, window: WindowName): string;
}

export function useUnits(): Units {
  const { number, date, t } = useWords();
  const quantities = useQuantities();
  return useMemo(() => {
    const { money, seconds } = quantities;
    const duration = (value: number | null): string => (value === null ? UNKNOWN : seconds(value));
    const share = (value: number | null): string =>
      value === null ? UNKNOWN : number(value, { style: "percent", maximumFractionDigits: value < 0.1 ? 1 : 0 });
    return {
      ...quantities,
      count: (value) => number(value, value < 100_000 ? {} : { notation: "compact", maximumFractionDigits: 1 }),
      duration,
      share,
      exactShare: (value) => (value === null ? UNKNOWN : number(value, { style: "percent", maximumFractionDigits: 3 })),
      rate: (value) => t("unit.per_second", { value: number(value, { maximumSignificantDigits: 2 }) }),
      bytes: (value) => number(value / 2 ** 20, { style: "unit", unit: "megabyte", maximumFractionDigits: 0 }),
      measured: (value, unit) => {
        if (value === null) return UNKNOWN;
        if (unit === "usd") return money(String(value));
        if (unit === "index") return number(Number(value), { maximumFractionDigits: 2 });
        return unit === "seconds" ? duration(Number(value)) : share(Number(value));
      },
      time: (iso, window) => (iso ? date(iso, TIMES[window]) : ""),
    };
  }, [number, date, t, quantities]);
}
