import { type ReactNode, useSyncExternalStore } from "react";
import { useWords } from "@/i18n";
import { useServices } from "@/session/context";

/** Says that the server cannot be reached, and what is seen meanwhile. */
export function OfflineNotice(): ReactNode {
  const { t } = useWords();
  const { connection } = useServices();
  const gone = useSyncExternalStore(connection.subscribe, connection.snapshot);
  return (
    <div role="status" className="offline-frame">
      {gone && <p className="offline small">{t("app.offline")}</p>}
    </div>
  );
}
