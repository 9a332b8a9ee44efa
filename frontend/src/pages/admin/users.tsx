import { type ReactNode, useState } from "react";
import type { ManagedUser } from "@/api/admin";
import { usePages } from "@/api/pages";
import { useDebounced } from "@/chat/quote";
import { Button, IconButton } from "@/components/button";
import { Field, SelectField } from "@/components/field";
import { Menu } from "@/components/menu";
import type { Column } from "@/components/table";
import { TableFigure } from "@/components/table-figure";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { pathOf } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";
import { USERS_PATH, type UserTask, UserTaskDialog } from "@/pages/admin/user-tasks";
import { navigate } from "@/router";
import { useUser } from "@/session/context";

const PAUSE_MS = 300;

export default function UsersPage(): ReactNode {
  const { t } = useWords();
  const [text, setText] = useState("");
  const [role, setRole] = useState("");
  const beginning = useDebounced(text.trim(), PAUSE_MS);
  const path = pathOf(USERS_PATH, { query: beginning, role });
  const query = usePages<ManagedUser>(["admin", USERS_PATH, path], path);
  const [task, setTask] = useState<UserTask | null>(null);
  const me = useUser();
  const columns = useColumns();
  return (
    <div className="stack">
      <search className="filters">
        <Field
          label={t("users.search")}
          type="search"
          maxLength={254}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <SelectField
          label={t("users.role")}
          value={role}
          options={[
            ["", t("admin.all")],
            ["user", t("role.user")],
            ["admin", t("role.admin")],
          ]}
          onChange={(event) => setRole(event.target.value)}
        />
      </search>
      <Loaded query={query}>
        {() => (
          <TableFigure
            title={t("admin.users")}
            name="aether-users"
            actions={{
              label: t("common.more"),
              of: (user) => <UserMenu user={user} self={user.id === me.id} onTask={setTask} />,
            }}
            columns={columns}
            rows={query.items}
            keyOf={(row) => row.id}
            empty={t("users.none")}
          />
        )}
      </Loaded>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("admin.more")}
        </Button>
      )}
      {task && <UserTaskDialog task={task} onClose={() => setTask(null)} />}
    </div>
  );
}

function useColumns(): Column<ManagedUser>[] {
  const { t, date } = useWords();
  const { count, money } = useUnits();
  const budget = ({ budget: own }: ManagedUser): string => {
    if (!own) return t("users.budget.usual");
    const tokens = own.tokens === null ? null : t("users.tokens", { tokens: count(own.tokens), count: own.tokens });
    return [tokens, own.cost_usd === null ? null : money(own.cost_usd)].filter(Boolean).join(" · ");
  };
  const state = (user: ManagedUser): string => t(user.disabled_at ? "users.closed" : "users.open");
  const day = { dateStyle: "medium" } as const;
  return [
    { label: t("users.email"), value: (row) => row.email },
    { label: t("users.name"), value: (row) => row.name },
    { label: t("users.role"), value: (row) => row.role, text: (row) => t(`role.${row.role}`) },
    {
      label: t("users.state"),
      value: state,
      text: (row) => <span className={row.disabled_at ? "badge down" : "badge ok"}>{state(row)}</span>,
    },
    { label: t("users.budget"), value: budget },
    { label: t("users.since"), value: (row) => row.created_at, text: (row) => date(row.created_at, day) },
    { label: t("users.id"), value: (row) => row.id, text: (row) => <code className="short">{row.id}</code> },
  ];
}

interface MenuProps {
  user: ManagedUser;
  /** Administrators do not change their own role, nor close their own account. */
  self: boolean;
  onTask(task: UserTask): void;
}

function UserMenu({ user, self, onTask }: MenuProps): ReactNode {
  const { t } = useWords();
  const label = t("users.menu", { email: user.email });
  const entry = (kind: UserTask["kind"]) => ({ label: t(`users.do.${kind}`), onSelect: () => onTask({ kind, user }) });
  const log = {
    label: t("users.do.log"),
    onSelect: () => navigate(`/admin/audit?user=${encodeURIComponent(user.id)}`),
  };
  const others = [
    entry(user.role === "admin" ? "demote" : "promote"),
    user.disabled_at ? entry("reopen") : { ...entry("close"), danger: true, separated: true },
  ];
  return (
    <Menu
      label={label}
      entries={[log, entry("budget"), ...(self ? [] : others)]}
      button={(props) => <IconButton icon="more" label={label} {...props} />}
    />
  );
}
