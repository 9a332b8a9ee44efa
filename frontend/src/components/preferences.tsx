import { type ReactNode, useState } from "react";
import type { Locale } from "@/api/types";
import { IconButton } from "@/components/button";
import { Menu, type MenuEntry } from "@/components/menu";
import { LOCALES, useWords } from "@/i18n";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "@/theme";

const THEME_ICONS = { system: "eye", light: "sun", dark: "moon" } as const;

export function useThemeEntries(): MenuEntry[] {
  const { t } = useWords();
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  return THEMES.map((name) => ({
    label: t(`theme.${name}`),
    icon: THEME_ICONS[name],
    checked: name === theme,
    onSelect: () => {
      chooseTheme(name);
      setTheme(name);
    },
  }));
}

export function useLocaleEntries(): MenuEntry[] {
  const { locale, setLocale } = useWords();
  return (Object.keys(LOCALES) as Locale[]).map((name) => ({
    label: LOCALES[name],
    checked: name === locale,
    onSelect: () => setLocale(name),
  }));
}

/** Language and theme, for pages without the account's menu. */
export function PreferenceButtons(): ReactNode {
  const { t } = useWords();
  const themes = useThemeEntries();
  const locales = useLocaleEntries();
  return (
    <div className="row">
      <Menu
        label={t("common.language")}
        entries={locales}
        button={(props) => <IconButton icon="globe" label={t("common.language")} {...props} />}
      />
      <Menu
        label={t("common.theme")}
        entries={themes}
        button={(props) => <IconButton icon="sun" label={t("common.theme")} {...props} />}
      />
    </div>
  );
}
