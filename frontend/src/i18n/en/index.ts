import { account } from "@/i18n/en/account";
import { admin } from "@/i18n/en/admin";
import { chat } from "@/i18n/en/chat";
import { common } from "@/i18n/en/common";
import { settings } from "@/i18n/en/settings";
import { side } from "@/i18n/en/side";

/** The English words, a file for each part of the page. */
export const en = { ...common, ...account, ...chat, ...side, ...settings, ...admin } as const;
