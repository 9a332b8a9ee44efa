import { type ReactNode, useState } from "react";
import { isProblem } from "@/api/problem";
import { Link } from "@/components/button";
import { PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import type { PageProps } from "@/routes";
import { useServices } from "@/session/context";

export default function ResetPassword({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const { api } = useServices();
  const [done, setDone] = useState(false);
  return (
    <GuestPage title={t("reset.title")}>
      {done ? (
        <p role="status">{t("reset.done")}</p>
      ) : (
        <Form
          submit={t("reset.submit")}
          explain={(problem) => (isProblem(problem, "link_invalid") ? t("link.invalid") : undefined)}
          onSubmit={async ({ password }) => {
            await api.post("/api/auth/reset-password", { token: params.token, new_password: password });
            setDone(true);
          }}
        >
          <PasswordField
            label={t("reset.password")}
            hint={t("signup.password.hint")}
            name="password"
            autoComplete="new-password"
            minLength={8}
            required
            autoFocus
          />
        </Form>
      )}
      <p className="after">
        <Link to="/sign-in">{t("forgot.back")}</Link>
      </p>
    </GuestPage>
  );
}
