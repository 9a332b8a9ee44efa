/** How the user's questions may be routed: to the large model or the small one, compared, answered from similar ones. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Preferences } from "@/api/prompts";
import { CheckField, SelectField } from "@/components/field";
import { Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { useApi } from "@/session/context";

const KEY = ["preferences"];
const PATH = "/api/preferences";
const SHARES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1];

export default function RoutingSettings(): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const query = useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<Preferences>(PATH, signal) });
  return (
    <SettingsPage title={t("settings.routing")} text={t("routing.text")}>
      <Loaded query={query}>{({ routing }) => <RoutingForm routing={routing} />}</Loaded>
    </SettingsPage>
  );
}

function RoutingForm({ routing }: Pick<Preferences, "routing">): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const save = async ({ share, compare, similar }: Record<string, string>): Promise<void> => {
    const body: Pick<Preferences, "routing"> = {
      routing: {
        large_share: share ? Number(share) : null,
        compare: compare === "on",
        similar_answers: similar === "on",
      },
    };
    queries.setQueryData(KEY, await api.put<Preferences>(PATH, body));
    toast(t("settings.saved"));
  };
  return (
    <Form submit={t("common.save")} onSubmit={save}>
      <SelectField
        label={t("routing.share")}
        hint={t("routing.share.hint")}
        name="share"
        defaultValue={routing.large_share === null ? "" : `${routing.large_share}`}
        options={useShareOptions(routing.large_share)}
      />
      <CheckField
        label={t("routing.compare")}
        hint={t("routing.compare.hint")}
        name="compare"
        defaultChecked={routing.compare}
      />
      <CheckField
        label={t("routing.similar")}
        hint={t("routing.similar.hint")}
        name="similar"
        defaultChecked={routing.similar_answers}
      />
    </Form>
  );
}

/** The usual shares, and the one that is set now where it is another. */
function useShareOptions(current: number | null): [string, string][] {
  const { t, number } = useWords();
  const shares = [...new Set([...SHARES, ...(current === null ? [] : [current])])].sort((one, other) => one - other);
  const said = (share: number): string => {
    if (share === 0) return t("routing.share.never");
    if (share === 1) return t("routing.share.always");
    return t("routing.share.up_to", { share: number(share, { style: "percent", maximumFractionDigits: 1 }) });
  };
  return [["", t("routing.share.usual")], ...shares.map((share): [string, string] => [`${share}`, said(share)])];
}
