import { type ReactNode, useState } from "react";
import { Button } from "@/components/button";
import { PasswordField } from "@/components/field";
import { explained, Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Section } from "@/pages/account/settings-page";
import { useLinked } from "@/pages/account/use-linked";
import { useApi, useUser } from "@/session/context";

export function PasswordSection(): ReactNode {
  const { t } = useWords();
  const { hasPassword } = useLinked();
  return (
    <Section title={t("signin.password")} text={t(hasPassword ? "password.text" : "password.none")}>
      {hasPassword ? <ChangeForm /> : <FirstPassword />}
    </Section>
  );
}

function ChangeForm(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const toast = useToast();
  const { email } = useUser();
  const [done, setDone] = useState(0);
  return (
    <Form
      key={done}
      submit={t("password.submit")}
      onSubmit={async ({ current, fresh }) => {
        await api.post("/api/auth/change-password", { current_password: current, new_password: fresh });
        toast(t("password.done"));
        setDone(done + 1);
      }}
    >
      {/* For password managers, which file what is typed here under this address. */}
      <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordField label={t("password.current")} name="current" autoComplete="current-password" required />
      <PasswordField
        label={t("reset.password")}
        hint={t("signup.password.hint")}
        name="fresh"
        autoComplete="new-password"
        minLength={8}
        required
      />
    </Form>
  );
}

/** Who came through an identity provider sets a password with a link that is mailed. */
function FirstPassword(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const toast = useToast();
  const { email } = useUser();
  const [sent, setSent] = useState(false);
  const send = async (): Promise<void> => {
    setSent(true);
    try {
      await api.post("/api/auth/forgot-password", { email });
      toast(t("password.mailed", { email }));
    } catch (failure) {
      setSent(false);
      toast(explained(failure, t));
    }
  };
  return (
    <div>
      <Button disabled={sent} onClick={() => void send()}>
        {t("forgot.submit")}
      </Button>
    </div>
  );
}
