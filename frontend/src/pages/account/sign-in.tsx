import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { isProblem } from "@/api/problem";
import type { SignedIn } from "@/api/types";
import { nextPath } from "@/app";
import { Link } from "@/components/button";
import { Field, PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import { useServices } from "@/session/context";

/** Address and password; where the account has a second factor, then its code. */
export default function SignIn(): ReactNode {
  const { t } = useWords();
  const [ticket, setTicket] = useState<string | null>(null);
  return (
    <GuestPage title={t("signin.title")}>
      {ticket ? <CodeForm ticket={ticket} onExpired={() => setTicket(null)} /> : <PasswordForm onCode={setTicket} />}
      <ProviderLink />
      <p className="after">
        <span className="soft">{t("signin.new")}</span> <Link to="/sign-up">{t("signin.signup")}</Link>
      </p>
    </GuestPage>
  );
}

/** The way to the identity provider, where the server has one. */
function ProviderLink(): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  const { data } = useQuery({
    queryKey: ["provider"],
    queryFn: ({ signal }) => api.get<{ enabled: boolean; name: string | null }>("/api/auth/oidc", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data?.enabled) return null;
  const back = encodeURIComponent(`/#${nextPath()}`);
  return (
    <div className="provider">
      <p className="soft small">{t("signin.or")}</p>
      <a className="button" href={`/api/auth/oidc/start?return_to=${back}`} onClick={() => session.expect()}>
        {t("signin.provider", { name: data.name ?? "SSO" })}
      </a>
    </div>
  );
}

function PasswordForm({ onCode }: { onCode(ticket: string): void }): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  return (
    <Form
      submit={t("signin.submit")}
      explain={(problem) => (problem.code === "invalid_credentials" ? t("signin.wrong") : undefined)}
      onSubmit={async ({ email, password }) => {
        try {
          session.begin(await api.post<SignedIn>("/api/auth/login", { email, password }));
        } catch (failure) {
          if (!isProblem(failure, "mfa_required")) throw failure;
          onCode(String(failure.more.mfa_token));
        }
      }}
    >
      <Field label={t("signin.email")} name="email" type="email" autoComplete="username" required autoFocus />
      <PasswordField label={t("signin.password")} name="password" autoComplete="current-password" required />
      <Link className="small" to="/forgot-password">
        {t("signin.forgot")}
      </Link>
    </Form>
  );
}

function CodeForm({ ticket, onExpired }: { ticket: string; onExpired(): void }): ReactNode {
  const { t } = useWords();
  const { api, session } = useServices();
  return (
    <Form
      submit={t("signin.submit")}
      explain={(problem) => (problem.code === "mfa_code_invalid" ? t("signin.code.wrong") : undefined)}
      onSubmit={async ({ code }) => {
        try {
          const body = { mfa_token: ticket, code: code?.trim() };
          session.begin(await api.post<SignedIn>("/api/auth/login/mfa", body));
        } catch (failure) {
          if (isProblem(failure, "mfa_token_invalid")) onExpired();
          throw failure;
        }
      }}
    >
      <Field
        label={t("signin.code")}
        hint={t("signin.code.hint")}
        name="code"
        autoComplete="one-time-code"
        required
        autoFocus
      />
    </Form>
  );
}
