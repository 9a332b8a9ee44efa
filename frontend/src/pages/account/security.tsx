import type { ReactNode } from "react";
import { useWords } from "@/i18n";
import { FactorSection } from "@/pages/account/factor-section";
import { PasswordSection } from "@/pages/account/password-section";
import { ProviderSection } from "@/pages/account/provider-section";
import { SessionsSection } from "@/pages/account/sessions-section";
import { SettingsPage } from "@/pages/account/settings-page";

export default function Security(): ReactNode {
  const { t } = useWords();
  return (
    <SettingsPage title={t("settings.security")}>
      <PasswordSection />
      <FactorSection />
      <ProviderSection />
      <SessionsSection />
    </SettingsPage>
  );
}
