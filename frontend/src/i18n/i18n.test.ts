import { expect, test } from "vitest";
import { type Catalogue, type Plural, translator } from "@/i18n";
import { en } from "@/i18n/en";
import { pl } from "@/i18n/pl";

const NAMES = /\{(\w+)\}/g;
const text = (entry: string | Plural): string => (typeof entry === "string" ? entry : entry.other);
const names = (entry: string | Plural): string[] => [...new Set(text(entry).match(NAMES) ?? [])].sort();

test("every translation names the same values as the English text", () => {
  for (const key of Object.keys(en) as (keyof Catalogue)[]) expect(names(pl[key]), key).toEqual(names(en[key]));
});

test("values are put in, and what is no value stays", () => {
  const t = translator("en", en);
  expect(t("problem.rate_limited", { seconds: 5 })).toContain("5 s");
  expect(t("problem.rate_limited")).toContain("{seconds}");
});
