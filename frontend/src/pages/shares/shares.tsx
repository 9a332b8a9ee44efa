import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { usePages } from "@/api/pages";
import type { Share } from "@/api/prompts";
import { Button, Link } from "@/components/button";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { SHARES_KEY } from "@/pages/shares/share-dialog";
import { useApi } from "@/session/context";

/** What the user shares, to be taken back. The links themselves are known to nobody but who has them. */
export default function Shares(): ReactNode {
  const { t } = useWords();
  const shares = usePages<Share>(SHARES_KEY, "/api/shares");
  return (
    <SettingsPage title={t("shares.title")} text={t("shares.text")}>
      <Loaded query={shares}>
        {() =>
          shares.items.length === 0 && !shares.hasNextPage ? (
            <p className="soft">{t("shares.none")}</p>
          ) : (
            <ul className="items">
              {shares.items.map((share) => (
                <ShareRow key={share.id} share={share} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {shares.hasNextPage && (
        <div>
          <Button busy={shares.isFetchingNextPage} onClick={() => void shares.fetchNextPage()}>
            {t("settings.more")}
          </Button>
        </div>
      )}
    </SettingsPage>
  );
}

function ShareRow({ share }: { share: Share }): ReactNode {
  const { t, date } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.delete(`/api/shares/${share.id}`),
    onSuccess: () => toast(t("shares.revoked")),
    onError: (failure) => toast(explained(failure, t)),
    onSettled: () => queries.invalidateQueries({ queryKey: SHARES_KEY }),
  });
  return (
    <li className="item">
      <div className="grow">
        <p className="item-title">
          <Link to={`/c/${share.conversation_id}`}>{share.title}</Link>
        </p>
        <p className="soft small">{date(share.created_at)}</p>
      </div>
      <Button busy={isPending} aria-label={t("shares.revoke.label", { title: share.title })} onClick={() => mutate()}>
        {t("shares.revoke")}
      </Button>
    </li>
  );
}
