import type { ReactNode } from "react";
import type { Locale, User } from "@/api/types";
import { Field, SelectField } from "@/components/field";
import { Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { LOCALES, useWords } from "@/i18n";
import { SettingsPage } from "@/pages/account/settings-page";
import { useServices, useUser } from "@/session/context";

const PERIODS = [30, 90, 180, 365];

export default function Profile(): ReactNode {
  const { t, date, setLocale } = useWords();
  const { api, session } = useServices();
  const toast = useToast();
  const user = useUser();
  const save = async ({ name = "", locale, retention }: Record<string, string>): Promise<void> => {
    const body = { name: name.trim(), locale, retention_days: retention ? Number(retention) : null };
    const changed = await api.patch<User>("/api/auth/me", body);
    session.changeUser(changed);
    if (changed.locale !== user.locale) setLocale(changed.locale);
    toast(t("settings.saved"));
  };
  const since = date(user.created_at, { dateStyle: "long" });
  return (
    <SettingsPage title={t("settings.profile")}>
      <dl className="facts">
        <dt>{t("signin.email")}</dt>
        <dd>
          {user.email}
          {user.verified_at && <span className="badge good">{t("profile.verified")}</span>}
        </dd>
        <dt>{t("profile.since")}</dt>
        <dd>{since}</dd>
      </dl>
      <Form submit={t("common.save")} onSubmit={save}>
        <Field
          label={t("profile.name")}
          name="name"
          defaultValue={user.name}
          maxLength={80}
          autoComplete="name"
          pattern=".*\S.*"
          required
        />
        <SelectField
          label={t("common.language")}
          hint={t("profile.language.hint")}
          name="locale"
          defaultValue={user.locale}
          options={Object.entries(LOCALES) as [Locale, string][]}
        />
        <SelectField
          label={t("profile.retention")}
          hint={t("profile.retention.hint")}
          name="retention"
          defaultValue={user.retention_days ?? ""}
          options={useRetentionOptions(user.retention_days)}
        />
      </Form>
    </SettingsPage>
  );
}

/** The usual periods, and the one that is set now where it is another. */
function useRetentionOptions(current: number | null): [string, string][] {
  const { t } = useWords();
  const days = [...new Set([...PERIODS, ...(current ? [current] : [])])].sort((one, other) => one - other);
  return [
    ["", t("profile.retention.never")],
    ...days.map((count): [string, string] => [`${count}`, t("profile.retention.days", { count })]),
  ];
}
