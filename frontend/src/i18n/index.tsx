/** Words of the page. English is the catalogue that the others are checked against: a missing key does not compile. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Locale } from "@/api/types";
import { en } from "@/i18n/en";
import { readSetting, writeSetting } from "@/theme";

/** A text by the plural category of its number {count}; "other" fits where a language has no more. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Key = keyof typeof en;
export type Catalogue = { readonly [K in Key]: (typeof en)[K] extends string ? string : Plural };
export type Values = Readonly<Record<string, string | number>>;
export type Translate = (key: Key, values?: Values) => string;

export const LOCALES: Readonly<Record<Locale, string>> = { en: "English", pl: "Polski" };
const SETTING = "aether.locale";
const LOADERS: Readonly<Record<Locale, () => Promise<Catalogue>>> = {
  en: async () => en,
  pl: async () => (await import("@/i18n/pl")).pl,
};

export interface Words {
  locale: Locale;
  t: Translate;
  setLocale(locale: Locale): void;
  /** A number as people of this language write it. */
  number(value: number, options?: Intl.NumberFormatOptions): string;
  /** A time as people of this language write it. */
  date(iso: string, options?: Intl.DateTimeFormatOptions): string;
}

/** The chosen language, or the first of the browser's that there is. */
export function initialLocale(): Locale {
  const wanted = [readSetting(SETTING) ?? "", ...navigator.languages].map((language) => language.slice(0, 2));
  return wanted.find((language): language is Locale => language in LOCALES) ?? "en";
}

export function loadCatalogue(locale: Locale): Promise<Catalogue> {
  return LOADERS[locale]();
}

export function translator(locale: Locale, catalogue: Catalogue): Translate {
  const plurals = new Intl.PluralRules(locale);
  return (key, values = {}) => {
    const entry = catalogue[key] as string | Plural;
    const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(values.count))] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}

const WordsContext = createContext<Words | null>(null);

interface Props {
  locale: Locale;
  catalogue: Catalogue;
  children: ReactNode;
}

/** locale and catalogue: what the page begins with. */
export function WordsProvider({ locale, catalogue, children }: Props): ReactNode {
  const [spoken, setSpoken] = useState({ locale, catalogue });
  useEffect(() => {
    document.documentElement.lang = spoken.locale;
  }, [spoken]);
  const words = useMemo<Words>(
    () => ({
      locale: spoken.locale,
      t: translator(spoken.locale, spoken.catalogue),
      setLocale: (next) => {
        writeSetting(SETTING, next);
        void loadCatalogue(next).then((loaded) => setSpoken({ locale: next, catalogue: loaded }));
      },
      number: (value, options) => new Intl.NumberFormat(spoken.locale, options).format(value),
      date: (iso, options = { dateStyle: "medium", timeStyle: "short" }) =>
        new Intl.DateTimeFormat(spoken.locale, options).format(new Date(iso)),
    }),
    [spoken],
  );
  return <WordsContext.Provider value={words}>{children}</WordsContext.Provider>;
}

export function useWords(): Words {
  const words = useContext(WordsContext);
  if (!words) throw new Error("There is no WordsProvider around this component.");
  return words;
}
