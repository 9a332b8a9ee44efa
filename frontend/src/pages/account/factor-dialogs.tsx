/** Setting the second factor up, replacing its recovery codes, and switching it off. */
import { type ReactNode, useState } from "react";
import type { FactorSecret, RecoveryCodes } from "@/api/account";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { Field, PasswordField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { QrCode } from "@/pages/account/qr-code";
import { RecoveryCodeList } from "@/pages/account/recovery-codes";
import { useApi } from "@/session/context";

interface Props {
  /** Something has changed on the server. */
  onChange(): void;
  onClose(): void;
}

/** Password, then the QR code and a first code, then the recovery codes. */
export function EnrolDialog({ onChange, onClose }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const [secret, setSecret] = useState<FactorSecret | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Dialog title={t(codes ? "factor.codes" : "factor.enrol")} onClose={onClose} persistent={secret !== null}>
      {codes && <RecoveryCodeList codes={codes} onDone={onClose} />}
      {!codes && secret && (
        <ConfirmForm
          secret={secret}
          onConfirmed={(made) => {
            setCodes(made);
            onChange();
          }}
        />
      )}
      {!codes && !secret && (
        <Form
          submit={t("factor.next")}
          onSubmit={async ({ password }) =>
            setSecret(await api.post<FactorSecret>("/api/auth/mfa/enroll", { password }))
          }
        >
          <p className="soft">{t("factor.enrol.text")}</p>
          <PasswordField
            label={t("signin.password")}
            name="password"
            autoComplete="current-password"
            required
            autoFocus
          />
        </Form>
      )}
    </Dialog>
  );
}

function ConfirmForm({ secret, onConfirmed }: { secret: FactorSecret; onConfirmed(codes: string[]): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  return (
    <Form
      submit={t("factor.confirm")}
      onSubmit={async ({ code = "" }) => {
        const made = await api.post<RecoveryCodes>("/api/auth/mfa/confirm", { code: code.trim() });
        onConfirmed(made.recovery_codes);
      }}
    >
      <p>{t("factor.scan")}</p>
      <QrCode text={secret.otpauth_uri} label={t("factor.qr")} />
      <div>
        <p className="soft small">{t("factor.secret")}</p>
        <div className="row">
          <code className="secret grow">{secret.secret}</code>
          <CopyButton text={secret.secret} />
        </div>
      </div>
      <CodeField label={t("signin.code")} hint={t("factor.code.hint")} />
    </Form>
  );
}

/** Password and code, for ten new recovery codes. */
export function NewCodesDialog({ onChange, onClose }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Dialog title={t("factor.codes.new")} onClose={onClose} persistent={codes !== null}>
      {codes ? (
        <RecoveryCodeList codes={codes} onDone={onClose} />
      ) : (
        <Form
          submit={t("factor.codes.new")}
          onSubmit={async ({ password, code }) => {
            const made = await api.post<RecoveryCodes>("/api/auth/mfa/recovery-codes", { password, code });
            setCodes(made.recovery_codes);
            onChange();
          }}
        >
          <p className="soft">{t("factor.codes.new.text")}</p>
          <BothFields />
        </Form>
      )}
    </Dialog>
  );
}

export function DisableDialog({ onChange, onClose }: Props): ReactNode {
  const { t } = useWords();
  const api = useApi();
  return (
    <Dialog title={t("factor.disable")} onClose={onClose}>
      <Form
        submit={t("factor.disable")}
        kind="danger"
        onSubmit={async ({ password, code }) => {
          await api.post("/api/auth/mfa/disable", { password, code });
          onChange();
          onClose();
        }}
      >
        <p className="soft">{t("factor.disable.text")}</p>
        <BothFields />
      </Form>
    </Dialog>
  );
}

function BothFields(): ReactNode {
  const { t } = useWords();
  return (
    <>
      <PasswordField label={t("signin.password")} name="password" autoComplete="current-password" required autoFocus />
      <CodeField label={t("signin.code")} hint={t("signin.code.hint")} />
    </>
  );
}

function CodeField({ label, hint }: { label: string; hint: string }): ReactNode {
  return <Field label={label} hint={hint} name="code" autoComplete="one-time-code" minLength={6} required />;
}
