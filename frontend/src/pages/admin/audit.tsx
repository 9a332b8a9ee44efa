import { type ReactNode, useState } from "react";
import type { AuditEntry } from "@/api/admin";
import { usePages } from "@/api/pages";
import { useDebounced } from "@/chat/quote";
import { Button } from "@/components/button";
import { Field, SelectField } from "@/components/field";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { AUDIT_ACTIONS } from "@/pages/admin/audit-actions";
import { pathOf } from "@/pages/admin/queries";
import { currentQuery } from "@/router";

const PAUSE_MS = 300;
const NOTHING = { action: "", user: "", actor: "", from: "", to: "" };

/** Who did what to whose account, and from where. */
export default function AuditPage(): ReactNode {
  const { t } = useWords();
  const [filters, setFilters] = useState(() => ({ ...NOTHING, user: currentQuery().get("user") ?? "" }));
  const change = (some: Partial<typeof NOTHING>): void => setFilters({ ...filters, ...some });
  const asked = useDebounced(filters, PAUSE_MS);
  const path = pathOf("/api/admin/audit", { ...asked, from: instant(asked.from), to: instant(asked.to) });
  const query = usePages<AuditEntry>(["admin", path], path);
  const columns = useColumns((user) => change({ user }));
  return (
    <div className="stack">
      <Filters filters={filters} onChange={change} />
      <Loaded query={query}>
        {() => (
          <TableFigure
            title={t("admin.audit")}
            name="aether-audit"
            columns={columns}
            rows={query.items}
            keyOf={(row) => row.id}
            empty={t("audit.none")}
          />
        )}
      </Loaded>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("admin.more")}
        </Button>
      )}
    </div>
  );
}

interface FiltersProps {
  filters: typeof NOTHING;
  onChange(change: Partial<typeof NOTHING>): void;
}

function Filters({ filters, onChange }: FiltersProps): ReactNode {
  const { t } = useWords();
  const text = (name: keyof typeof NOTHING, type = "text") => ({
    type,
    value: filters[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  const actions = AUDIT_ACTIONS.map((action) => [action, action.replaceAll("_", " ")] as const);
  return (
    <search className="filters">
      <SelectField
        label={t("audit.action")}
        value={filters.action}
        options={[["", t("admin.all")], ...actions]}
        onChange={(event) => onChange({ action: event.target.value })}
      />
      <Field label={t("audit.user")} maxLength={100} {...text("user")} />
      <Field label={t("audit.actor")} maxLength={100} {...text("actor")} />
      <Field label={t("audit.from")} {...text("from", "datetime-local")} />
      <Field label={t("audit.to")} {...text("to", "datetime-local")} />
    </search>
  );
}

/** What a field for times holds, which is in the time zone of the browser, as an instant. */
function instant(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}

function useColumns(onUser: (user: string) => void): Column<AuditEntry>[] {
  const { t, date } = useWords();
  return [
    {
      label: t("audit.at"),
      value: (row) => row.at,
      text: (row) => date(row.at, { dateStyle: "short", timeStyle: "medium" }),
    },
    { label: t("audit.action"), value: (row) => row.action, text: (row) => row.action.replaceAll("_", " ") },
    { label: t("audit.user"), value: (row) => row.user_id, text: (row) => <Id id={row.user_id} onChoose={onUser} /> },
    {
      label: t("audit.actor"),
      value: (row) => row.actor_id,
      text: (row) => <Id id={row.actor_id} onChoose={onUser} />,
    },
    { label: t("audit.address"), value: (row) => row.address },
    { label: t("audit.detail"), value: details, wrap: true },
    { label: t("audit.count"), numeric: true, value: (row) => row.count },
    {
      label: t("audit.request"),
      value: (row) => row.correlation_id,
      text: (row) => <code className="short">{row.correlation_id}</code>,
    },
  ];
}

/** An account: pressed, the log shows nothing but what concerns it. */
function Id({ id, onChoose }: { id: string | null; onChoose(id: string): void }): ReactNode {
  const { t } = useWords();
  if (!id?.startsWith("user_")) return id;
  return (
    <button
      type="button"
      className="link short"
      title={id}
      aria-label={t("audit.only", { id })}
      onClick={() => onChoose(id)}
    >
      {id}
    </button>
  );
}

function details({ detail }: AuditEntry): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}
