import { type ReactNode, useState } from "react";
import { isProblem } from "@/api/problem";
import type { SignedIn, User } from "@/api/types";
import { Button, Link } from "@/components/button";
import { Field, PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import { useServices } from "@/session/context";

interface Answer {
  /** Missing where the address has to be verified first. */
  user?: User;
}

export default function SignUp(): ReactNode {
  const [asked, setAsked] = useState<string | null>(null);
  return asked ? <LookIntoMail email={asked} /> : <SignUpForm onMail={setAsked} />;
}

function SignUpForm({ onMail }: { onMail(email: string): void }): ReactNode {
  const { t, locale } = useWords();
  const { api, session } = useServices();
  return (
    <GuestPage title={t("signup.title")}>
      <Form
        submit={t("signup.submit")}
        explain={(problem) => (isProblem(problem, "email_taken") ? t("signup.taken") : undefined)}
        onSubmit={async ({ email = "", password = "", name }) => {
          const body = { email, password, locale, ...(name?.trim() ? { name } : {}) };
          const { user } = await api.post<Answer>("/api/auth/register", body);
          if (user) session.begin(await api.post<SignedIn>("/api/auth/login", { email, password }));
          else onMail(email);
        }}
      >
        <Field label={t("signin.email")} name="email" type="email" autoComplete="username" required autoFocus />
        <Field label={t("signup.name")} name="name" autoComplete="name" maxLength={80} />
        <PasswordField
          label={t("signin.password")}
          hint={t("signup.password.hint")}
          name="password"
          autoComplete="new-password"
          minLength={8}
          required
        />
      </Form>
      <p className="after">
        <span className="soft">{t("signup.have")}</span> <Link to="/sign-in">{t("signin.title")}</Link>
      </p>
    </GuestPage>
  );
}

function LookIntoMail({ email }: { email: string }): ReactNode {
  const { t } = useWords();
  const { api } = useServices();
  const [again, setAgain] = useState(false);
  return (
    <GuestPage title={t("signup.mail")}>
      <div className="stack" role="status">
        <p>{t("signup.mail.text", { email })}</p>
        <Button
          disabled={again}
          onClick={() => {
            setAgain(true);
            void api.post("/api/auth/resend-verification", { email }).catch(() => setAgain(false));
          }}
        >
          {t(again ? "signup.resent" : "signup.resend")}
        </Button>
        <Link to="/sign-in">{t("forgot.back")}</Link>
      </div>
    </GuestPage>
  );
}
