import { account } from "@/i18n/en/account";
import { admin } from "@/i18n/en/admin";
import { chat } from "@/i18n/en/chat";
import { common } from "@/i18n/en/common";
import { routing } from "@/i18n/en/routing";
import { settings } from "@/i18n/en/settings";
import { side } from "@/i18n/en/side";

/** The English words, a file for each part of the page. */
export const en = { ...common, ...account, ...chat, ...side, ...settings, ...routing, ...admin } as const;
