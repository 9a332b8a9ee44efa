import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { SignIn } from "@/api/account";
import { usePages } from "@/api/pages";
import { Button } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { deviceName } from "@/pages/account/device";
import { Loaded } from "@/pages/account/loaded";
import { Section } from "@/pages/account/settings-page";
import { useApi, useServices } from "@/session/context";

const KEY = ["sessions"];
const PATH = "/api/auth/sessions";

/** Where the user is signed in. */
export function SessionsSection(): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const { api, session } = useServices();
  const sessions = usePages<SignIn>(KEY, PATH);
  const [asking, setAsking] = useState(false);
  const everywhere = async (): Promise<void> => {
    try {
      await api.post("/api/auth/logout-all");
      session.leave();
    } catch (failure) {
      toast(explained(failure, t));
    }
  };
  return (
    <Section title={t("sessions.title")} text={t("sessions.text")}>
      <Loaded query={sessions}>
        {() => (
          <ul className="items">
            {sessions.items.map((item) => (
              <SessionRow key={item.id} item={item} />
            ))}
          </ul>
        )}
      </Loaded>
      <div className="row wrap">
        {sessions.hasNextPage && (
          <Button busy={sessions.isFetchingNextPage} onClick={() => void sessions.fetchNextPage()}>
            {t("settings.more")}
          </Button>
        )}
        <Button onClick={() => setAsking(true)}>{t("sessions.everywhere")}</Button>
      </div>
      {asking && (
        <Confirm
          title={t("sessions.everywhere")}
          text={t("sessions.everywhere.text")}
          action={t("sessions.everywhere")}
          onConfirm={() => void everywhere()}
          onClose={() => setAsking(false)}
        />
      )}
    </Section>
  );
}

function SessionRow({ item }: { item: SignIn }): ReactNode {
  const { t, date } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const name = deviceName(item.device) || t("sessions.unknown");
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.delete(`${PATH}/${item.id}`),
    onError: (failure) => toast(explained(failure, t)),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <li className="item">
      <div className="grow">
        <p className="item-title" title={item.device}>
          {name}
          {item.current && <span className="badge good">{t("sessions.current")}</span>}
        </p>
        <p className="soft small">
          {t("sessions.times", { used: date(item.last_used), since: date(item.created_at) })}
        </p>
      </div>
      {!item.current && (
        <Button busy={isPending} aria-label={t("sessions.end.label", { device: name })} onClick={() => mutate()}>
          {t("sessions.end")}
        </Button>
      )}
    </li>
  );
}
