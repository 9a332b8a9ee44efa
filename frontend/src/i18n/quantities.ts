/** Money, durations and ages as people read them. */
import { useMemo } from "react";
import { useWords } from "@/i18n";

export interface Quantities {
  /** USD from an exact decimal string, as many digits as matter; null: the price is not known. */
  money(usd: string | null): string;
  seconds(value: number): string;
  /** "2 h", "3 d" */
  age(seconds: number): string;
  percent(share: number): string;
}

const SHORT_S = 0.95;
const AGES: readonly [number, string][] = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

export function useQuantities(): Quantities {
  const { number, t } = useWords();
  return useMemo(
    () => ({
      money: (usd) => (usd === null ? t("receipt.unpriced") : number(Number(usd), moneyFormat(Number(usd)))),
      seconds: (value) =>
        value < SHORT_S
          ? number(value * 1000, unit("millisecond", 0))
          : number(value, unit("second", value < 10 ? 1 : 0)),
      age: (seconds) => {
        const [size, name] = AGES.find(([least]) => seconds >= least) ?? [1, "second"];
        return number(Math.floor(seconds / size), unit(name, 0));
      },
      percent: (share) => number(share, { style: "percent", maximumFractionDigits: 0 }),
    }),
    [number, t],
  );
}

function moneyFormat(usd: number): Intl.NumberFormatOptions {
  const common = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" } as const;
  if (Math.abs(usd) >= 0.1) return { ...common, minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return { ...common, minimumFractionDigits: 0, maximumSignificantDigits: 2 };
}

function unit(name: string, digits: number): Intl.NumberFormatOptions {
  return { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits };
}
