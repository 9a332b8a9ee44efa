import { type ReactNode, useState } from "react";
import { Button, Link } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import type { PageProps } from "@/routes";
import { useServices, useUser } from "@/session/context";

/** Where the identity provider sends back to who wants to delete an account without a password: the last step. */
export default function Confirmed({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  const { email } = useUser();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.post("/api/auth/delete-account", { confirmation: params.confirmation });
      session.leave();
    } catch (problem) {
      setFailure(problem);
      setBusy(false);
    }
  };
  return (
    <GuestPage title={t("data.delete")}>
      <div className="stack">
        <p>{t("data.delete.warning")}</p>
        <p>{email}</p>
        {failure !== null && (
          <p className="notice danger" role="alert">
            {explained(failure, t)}
          </p>
        )}
        <Button kind="danger" busy={busy} onClick={() => void remove()}>
          {t("data.delete")}
        </Button>
        <Link className="button" to="/account/data">
          {t("common.cancel")}
        </Link>
      </div>
    </GuestPage>
  );
}
