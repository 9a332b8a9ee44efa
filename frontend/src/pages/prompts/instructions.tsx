import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Preferences } from "@/api/prompts";
import { CheckField, TextField } from "@/components/field";
import { Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { useApi } from "@/session/context";

const KEY = ["preferences"];
const PATH = "/api/preferences";
const LONGEST = 1500;

/** What every agent should know about the user, and how answers should be. */
export default function Instructions(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<Preferences>(PATH, signal) });
  return (
    <SettingsPage title={t("instructions.title")} text={t("instructions.text")}>
      <Loaded query={query}>{({ instructions }) => <InstructionsForm instructions={instructions} />}</Loaded>
    </SettingsPage>
  );
}

function InstructionsForm({ instructions }: Pick<Preferences, "instructions">): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const save = async ({ about = "", style = "", enabled }: Record<string, string>): Promise<void> => {
    const body: Pick<Preferences, "instructions"> = { instructions: { about, style, enabled: enabled === "on" } };
    queries.setQueryData(KEY, await api.put<Preferences>(PATH, body));
    toast(t("settings.saved"));
  };
  return (
    <Form submit={t("common.save")} onSubmit={save}>
      <TextField
        label={t("instructions.about")}
        hint={t("instructions.about.hint")}
        name="about"
        rows={5}
        maxLength={LONGEST}
        defaultValue={instructions.about}
      />
      <TextField
        label={t("instructions.style")}
        hint={t("instructions.style.hint")}
        name="style"
        rows={5}
        maxLength={LONGEST}
        defaultValue={instructions.style}
      />
      <CheckField
        label={t("instructions.enabled")}
        hint={t("instructions.enabled.hint")}
        name="enabled"
        defaultChecked={instructions.enabled}
      />
    </Form>
  );
}
