import { type ReactNode, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { CheckField, PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { Section } from "@/pages/account/settings-page";
import { useLinked } from "@/pages/account/use-linked";
import { useServices } from "@/session/context";

/** Ends the account: with its password, or else by signing in at the identity provider once more. */
export function DeleteAccount(): ReactNode {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  return (
    <Section title={t("data.delete")} text={t("data.delete.text")}>
      <div>
        <Button kind="danger" onClick={() => setAsking(true)}>
          {t("data.delete")}
        </Button>
      </div>
      {asking && <DeleteDialog onClose={() => setAsking(false)} />}
    </Section>
  );
}

function DeleteDialog({ onClose }: { onClose(): void }): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  const { provider, hasPassword } = useLinked();
  const submit = async ({ password }: Record<string, string>): Promise<void> => {
    if (hasPassword) {
      await api.post("/api/auth/delete-account", { password });
      return session.leave();
    }
    const { url } = await api.post<{ url: string }>("/api/auth/oidc/confirm", {});
    location.assign(url);
  };
  return (
    <Dialog title={t("data.delete")} onClose={onClose}>
      <Form submit={t(hasPassword ? "data.delete" : "factor.next")} kind="danger" onSubmit={submit}>
        <p>{t("data.delete.warning")}</p>
        {hasPassword ? (
          <PasswordField label={t("signin.password")} name="password" autoComplete="current-password" required />
        ) : (
          <p>{t("data.delete.provider", { name: provider ?? "" })}</p>
        )}
        <CheckField label={t("data.delete.sure")} name="sure" required />
      </Form>
    </Dialog>
  );
}
