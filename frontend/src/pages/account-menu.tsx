import type { ReactNode } from "react";
import { Menu, type MenuEntry } from "@/components/menu";
import { useLocaleEntries, useThemeEntries } from "@/components/preferences";
import { useWords } from "@/i18n";
import { navigate } from "@/router";
import { useServices, useUser } from "@/session/context";

/** Who is signed in, and what concerns the account. */
export function AccountMenu({ onHelp }: { onHelp(): void }): ReactNode {
  const { t } = useWords();
  const { session } = useServices();
  const user = useUser();
  const [firstTheme, ...themes] = useThemeEntries();
  const [firstLocale, ...locales] = useLocaleEntries();
  const admin: MenuEntry[] =
    user.role === "admin" ? [{ label: t("menu.admin"), icon: "admin", onSelect: () => location.assign("/admin") }] : [];
  const entries: MenuEntry[] = [
    { label: t("settings.label"), icon: "settings", onSelect: () => navigate("/account") },
    ...admin,
    ...(firstTheme ? [{ ...firstTheme, separated: true }, ...themes] : []),
    ...(firstLocale ? [{ ...firstLocale, separated: true }, ...locales] : []),
    { label: t("shortcut.title"), icon: "keyboard", separated: true, onSelect: onHelp },
    { label: t("menu.signout"), icon: "signOut", onSelect: () => void session.signOut() },
  ];
  return (
    <div className="account">
      <Menu
        label={t("menu.account")}
        entries={entries}
        button={(props) => (
          <button type="button" className="account-button" {...props}>
            <span className="avatar" aria-hidden="true">
              {user.name.slice(0, 1).toUpperCase()}
            </span>
            <span className="account-name">
              <span>{user.name}</span>
              <span className="soft small">{user.email}</span>
            </span>
          </button>
        )}
      />
    </div>
  );
}
