import { type ReactNode, useState } from "react";
import { Link } from "@/components/button";
import { Field } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import { useServices } from "@/session/context";

export default function ForgotPassword(): ReactNode {
  const { t } = useWords();
  const { api } = useServices();
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <GuestPage title={t("forgot.title")}>
      {asked ? (
        <p role="status">{t("signup.mail.text", { email: asked })}</p>
      ) : (
        <Form
          submit={t("forgot.submit")}
          onSubmit={async ({ email = "" }) => {
            await api.post("/api/auth/forgot-password", { email });
            setAsked(email);
          }}
        >
          <p className="soft">{t("forgot.text")}</p>
          <Field label={t("signin.email")} name="email" type="email" autoComplete="username" required autoFocus />
        </Form>
      )}
      <p className="after">
        <Link to="/sign-in">{t("forgot.back")}</Link>
      </p>
    </GuestPage>
  );
}
