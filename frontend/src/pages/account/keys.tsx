import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { ApiKey } from "@/api/account";
import { Button } from "@/components/button";
import { useWords } from "@/i18n";
import { KeyDialog, NewKeyDialog } from "@/pages/account/key-dialogs";
import { KeyRow } from "@/pages/account/key-row";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { useApi } from "@/session/context";

/** What programs send in place of a sign-in. */
export default function Keys(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const [open, setOpen] = useState<"new" | ApiKey | null>(null);
  const keys = useQuery({
    queryKey: ["api-keys"],
    queryFn: ({ signal }) => api.get<{ items: ApiKey[] }>("/api/auth/api-keys", signal),
  });
  return (
    <SettingsPage title={t("settings.keys")} text={t("keys.text")}>
      <div>
        <Button kind="primary" onClick={() => setOpen("new")}>
          {t("keys.new")}
        </Button>
      </div>
      <Loaded query={keys}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="soft">{t("keys.none")}</p>
          ) : (
            <ul className="items">
              {items.map((item) => (
                <KeyRow key={item.id} item={item} onEdit={() => setOpen(item)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {open === "new" && <NewKeyDialog onClose={() => setOpen(null)} />}
      {open !== null && open !== "new" && <KeyDialog item={open} onClose={() => setOpen(null)} />}
    </SettingsPage>
  );
}
