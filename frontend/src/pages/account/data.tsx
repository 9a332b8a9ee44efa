import { type ReactNode, useState } from "react";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { saveFile } from "@/components/save-file";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { DeleteAccount } from "@/pages/account/delete-account";
import { Section, SettingsPage } from "@/pages/account/settings-page";
import { useApi } from "@/session/context";

const FILE = "aether-account.json";

/** Taking everything along, and leaving. */
export default function Data(): ReactNode {
  const { t } = useWords();
  return (
    <SettingsPage title={t("settings.data")}>
      <ExportSection />
      <DeleteAccount />
    </SettingsPage>
  );
}

function ExportSection(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const download = async (): Promise<void> => {
    setBusy(true);
    try {
      const response = await api.call("/api/auth/me/export");
      saveFile(await response.blob(), FILE);
    } catch (failure) {
      toast(explained(failure, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={t("data.export")} text={t("data.export.text")}>
      <div>
        <Button busy={busy} onClick={() => void download()}>
          {t("data.export.submit")}
        </Button>
      </div>
    </Section>
  );
}
