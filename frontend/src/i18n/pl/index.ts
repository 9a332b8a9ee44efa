import type { Catalogue } from "@/i18n";
import { account } from "@/i18n/pl/account";
import { admin } from "@/i18n/pl/admin";
import { chat } from "@/i18n/pl/chat";
import { common } from "@/i18n/pl/common";
import { routing } from "@/i18n/pl/routing";
import { settings } from "@/i18n/pl/settings";
import { side } from "@/i18n/pl/side";

/** The Polish words; the compiler names every key that is missing. */
export const pl: Catalogue = { ...common, ...account, ...chat, ...side, ...settings, ...routing, ...admin };
