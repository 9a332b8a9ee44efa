import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { Section } from "@/pages/account/settings-page";
import { LINKED, useLinked } from "@/pages/account/use-linked";
import { useServices } from "@/session/context";

const BACK = "/#/account/security";

/** Linking the account with the identity provider, where the server has one. */
export function ProviderSection(): ReactNode {
  const { t, date } = useWords();
  const { provider, linked, hasPassword } = useLinked();
  const [asking, setAsking] = useState(false);
  if (provider === null || !linked) return null;
  const { identity } = linked;
  const name = { name: provider };
  return (
    <Section title={provider} text={t(identity ? "provider.linked" : "provider.text", name)}>
      {identity && (
        <dl className="facts">
          <dt>{t("signin.email")}</dt>
          <dd>{identity.email || "–"}</dd>
          <dt>{t("provider.since")}</dt>
          <dd>{date(identity.linked_at)}</dd>
          <dt>{t("sessions.used")}</dt>
          <dd>{date(identity.last_used)}</dd>
        </dl>
      )}
      {hasPassword ? (
        <div>
          <Button onClick={() => setAsking(true)}>{t(identity ? "provider.unlink" : "provider.link", name)}</Button>
        </div>
      ) : (
        <p className="soft">{t("provider.only")}</p>
      )}
      {asking && <LinkDialog provider={provider} unlink={identity !== null} onClose={() => setAsking(false)} />}
    </Section>
  );
}

function LinkDialog({ provider, unlink, onClose }: { provider: string; unlink: boolean; onClose(): void }): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  const queries = useQueryClient();
  const title = t(unlink ? "provider.unlink" : "provider.link", { name: provider });
  const submit = async ({ password }: Record<string, string>): Promise<void> => {
    if (unlink) {
      await api.post("/api/auth/oidc/unlink", { password });
      await queries.invalidateQueries({ queryKey: LINKED });
      return onClose();
    }
    const { url } = await api.post<{ url: string }>("/api/auth/oidc/link", { password, return_to: BACK });
    session.expect();
    location.assign(url);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <Form submit={title} onSubmit={submit}>
        <PasswordField
          label={t("signin.password")}
          name="password"
          autoComplete="current-password"
          required
          autoFocus
        />
      </Form>
    </Dialog>
  );
}
