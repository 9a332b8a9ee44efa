import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { ManagedUser } from "@/api/admin";
import { Confirm, Dialog } from "@/components/dialog";
import { Field } from "@/components/field";
import { explained, Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { useApi } from "@/session/context";

/** What an administrator does to somebody's account. */
export interface UserTask {
  kind: "budget" | "promote" | "demote" | "close" | "reopen";
  user: ManagedUser;
}

interface Props {
  task: UserTask;
  onClose(): void;
}

export const USERS_PATH = "/api/admin/users";
const CHANGES = {
  promote: { role: "admin" },
  demote: { role: "user" },
  close: { disabled: true },
  reopen: { disabled: false },
} as const;

export function UserTaskDialog({ task, onClose }: Props): ReactNode {
  const { kind, user } = task;
  return kind === "budget" ? (
    <BudgetDialog user={user} onClose={onClose} />
  ) : (
    <ChangeDialog kind={kind} user={user} onClose={onClose} />
  );
}

interface ChangeProps {
  kind: keyof typeof CHANGES;
  user: ManagedUser;
  onClose(): void;
}

function ChangeDialog({ kind, user, onClose }: ChangeProps): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const show = useToast();
  const refresh = useRefresh();
  const change = useMutation({
    mutationFn: () => api.patch<ManagedUser>(`${USERS_PATH}/${encodeURIComponent(user.id)}`, CHANGES[kind]),
    onSuccess: () => {
      show(t("users.done", { email: user.email }));
      return refresh();
    },
    onError: (error) => show(explained(error, t)),
  });
  return (
    <Confirm
      title={t(`users.do.${kind}`)}
      text={t(`users.ask.${kind}`, { email: user.email })}
      action={t(`users.do.${kind}`)}
      onConfirm={() => change.mutate()}
      onClose={onClose}
    />
  );
}

function BudgetDialog({ user, onClose }: { user: ManagedUser; onClose(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const refresh = useRefresh();
  return (
    <Dialog title={t("users.do.budget")} onClose={onClose}>
      <Form
        submit={t("common.save")}
        onSubmit={async ({ tokens = "", cost = "" }) => {
          const body = { tokens: tokens.trim() ? Number(tokens) : null, cost_usd: cost.trim() || null };
          await api.patch(`${USERS_PATH}/${encodeURIComponent(user.id)}/budget`, body);
          await refresh();
          onClose();
        }}
      >
        <p className="soft">{t("users.budget.text", { email: user.email })}</p>
        <Field
          label={t("users.budget.tokens")}
          name="tokens"
          type="number"
          min={0}
          step={1}
          defaultValue={user.budget?.tokens ?? ""}
        />
        <Field
          label={t("users.budget.cost")}
          name="cost"
          inputMode="decimal"
          pattern="\d+(\.\d{1,12})?"
          title={t("users.budget.cost.hint")}
          hint={t("users.budget.cost.hint")}
          defaultValue={user.budget?.cost_usd ?? ""}
        />
      </Form>
    </Dialog>
  );
}

function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["admin", USERS_PATH] });
}
