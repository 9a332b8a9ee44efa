/** Making and changing API keys. */
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type ApiKey, type CreatedKey, SCOPES, type Scope } from "@/api/account";
import { Problem } from "@/api/problem";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { CheckField, Field, SelectField } from "@/components/field";
import { Form } from "@/components/form";
import { useWords } from "@/i18n";
import { useApi, useUser } from "@/session/context";

const BASE = "/api/auth/api-keys";
const LIFETIMES = [7, 30, 90, 365];
const USUAL_DAYS = "90";
/** As the server reads limits: "100/hour", "5/15minutes". */
const LIMIT = "[1-9][0-9]{0,8}/[0-9]{0,5}(second|minute|hour|day)s?";

/** Asks for what the key may do, and shows the key: now, and never again. */
export function NewKeyDialog({ onClose }: { onClose(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const [made, setMade] = useState<CreatedKey | null>(null);
  const create = async (values: Record<string, string>): Promise<void> => {
    const days = values.days ? Number(values.days) : null;
    setMade(await api.post<CreatedKey>(BASE, { ...chosen(values, t("keys.scopes.none")), expires_in_days: days }));
    await queries.invalidateQueries({ queryKey: ["api-keys"] });
  };
  return (
    <Dialog title={t(made ? "keys.made" : "keys.new")} onClose={onClose} persistent={made !== null}>
      {made ? (
        <MadeKey text={made.key} onDone={onClose} />
      ) : (
        <Form submit={t("keys.create")} onSubmit={create}>
          <KeyFields item={null} />
          <SelectField
            label={t("keys.lifetime")}
            name="days"
            defaultValue={USUAL_DAYS}
            options={[
              ...LIFETIMES.map((count): [string, string] => [`${count}`, t("keys.lifetime.days", { count })]),
              ["", t("keys.lifetime.forever")],
            ]}
          />
        </Form>
      )}
    </Dialog>
  );
}

function MadeKey({ text, onDone }: { text: string; onDone(): void }): ReactNode {
  const { t } = useWords();
  return (
    <div className="stack">
      <p>{t("keys.made.text")}</p>
      <div className="row">
        <code className="secret grow">{text}</code>
        <CopyButton text={text} label={t("keys.copy")} />
      </div>
      <div className="row end">
        <Button kind="primary" onClick={onDone}>
          {t("keys.made.done")}
        </Button>
      </div>
    </div>
  );
}

/** Changes name, scopes and limit of a key. */
export function KeyDialog({ item, onClose }: { item: ApiKey; onClose(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const change = async (values: Record<string, string>): Promise<void> => {
    const { limit, ...others } = chosen(values, t("keys.scopes.none"));
    await api.patch(`${BASE}/${item.id}`, { ...others, limit: limit ?? "off" });
    await queries.invalidateQueries({ queryKey: ["api-keys"] });
    onClose();
  };
  return (
    <Dialog title={t("keys.edit.label", { name: item.name })} onClose={onClose}>
      <Form submit={t("common.save")} onSubmit={change}>
        <KeyFields item={item} />
      </Form>
    </Dialog>
  );
}

function KeyFields({ item }: { item: ApiKey | null }): ReactNode {
  const { t } = useWords();
  const { role } = useUser();
  const offered = SCOPES.filter((scope) => scope !== "admin" || role === "admin");
  return (
    <>
      <Field label={t("profile.name")} name="name" defaultValue={item?.name} maxLength={80} pattern=".*\S.*" required />
      <fieldset className="checks">
        <legend>{t("keys.scopes")}</legend>
        {offered.map((scope) => (
          <CheckField
            key={scope}
            label={scope}
            hint={t(`keys.scope.${scope}`)}
            name={scope}
            defaultChecked={item ? item.scopes.includes(scope) : scope === "chat"}
          />
        ))}
      </fieldset>
      <Field
        label={t("keys.limit")}
        hint={t("keys.limit.hint")}
        name="limit"
        defaultValue={item?.limit ?? ""}
        pattern={LIMIT}
        maxLength={30}
        placeholder="100/hour"
      />
    </>
  );
}

/** What was filled in. Raises Problem with this text where the key could do nothing. */
function chosen(
  values: Record<string, string>,
  nothing: string,
): { name: string; scopes: Scope[]; limit: string | null } {
  const scopes = SCOPES.filter((scope) => values[scope] === "on");
  if (scopes.length === 0) throw new Problem("no_scope", 422, nothing);
  return { name: values.name?.trim() ?? "", scopes, limit: values.limit || null };
}
