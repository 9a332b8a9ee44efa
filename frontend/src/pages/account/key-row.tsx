import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { ApiKey } from "@/api/account";
import { IconButton } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

/** One key: how it begins, what it may do, until when, and when it was last used. */
export function KeyRow({ item, onEdit }: { item: ApiKey; onEdit(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const { mutate } = useMutation({
    mutationFn: () => api.delete(`/api/auth/api-keys/${item.id}`),
    onError: (failure) => toast(explained(failure, t)),
    onSettled: () => queries.invalidateQueries({ queryKey: ["api-keys"] }),
  });
  return (
    <li className="item">
      <div className="grow">
        <p className="item-title">
          {item.name} <code className="soft small">{item.prefix}…</code>
        </p>
        <p className="small">{item.scopes.join(", ")}</p>
        <KeyTimes item={item} />
      </div>
      <IconButton icon="edit" label={t("keys.edit.label", { name: item.name })} onClick={onEdit} />
      <IconButton icon="trash" label={t("keys.revoke.label", { name: item.name })} onClick={() => setAsking(true)} />
      {asking && (
        <Confirm
          title={t("keys.revoke.label", { name: item.name })}
          text={t("keys.revoke.text")}
          action={t("keys.revoke")}
          onConfirm={() => mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}

function KeyTimes({ item }: { item: ApiKey }): ReactNode {
  const { t, date } = useWords();
  const expired = item.expires_at !== null && Date.parse(item.expires_at) <= Date.now();
  const day: Intl.DateTimeFormatOptions = { dateStyle: "medium" };
  const facts = [
    item.limit && t("keys.limited", { limit: item.limit }),
    item.expires_at
      ? t(expired ? "keys.expired" : "keys.expires", { date: date(item.expires_at, day) })
      : t("keys.forever"),
    item.last_used ? t("keys.used", { date: date(item.last_used) }) : t("keys.unused"),
  ];
  return <p className={expired ? "small error-text" : "soft small"}>{facts.filter(Boolean).join(" · ")}</p>;
}
