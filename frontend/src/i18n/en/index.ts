import { account } from "@/i18n/en/account";
import { common } from "@/i18n/en/common";

/** The English words, a file for each part of the page. */
export const en = { ...common, ...account } as const;
