/** The administrator's pages: their frame, and one row for each section. */
import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { Link } from "@/components/button";
import { Icon, type IconName } from "@/components/icon";
import { useTitle } from "@/components/use-title";
import { type Key, useWords } from "@/i18n";
import { Shell } from "@/pages/shell";
import type { PageProps } from "@/routes";
import "@/styles/admin.css";

interface Section {
  id: string;
  title: Key;
  icon: IconName;
  page: ComponentType;
}

const SECTIONS: readonly Section[] = [
  { id: "live", title: "admin.live", icon: "clock", page: lazy(() => import("@/pages/admin/live")) },
  { id: "business", title: "admin.business", icon: "chart", page: lazy(() => import("@/pages/admin/business")) },
  { id: "costs", title: "admin.costs", icon: "dollar", page: lazy(() => import("@/pages/admin/costs")) },
  { id: "routing", title: "admin.routing", icon: "branch", page: lazy(() => import("@/pages/admin/routing")) },
  {
    id: "leaderboard",
    title: "admin.leaderboard",
    icon: "thumbUp",
    page: lazy(() => import("@/pages/admin/leaderboard")),
  },
  { id: "users", title: "admin.users", icon: "users", page: lazy(() => import("@/pages/admin/users")) },
  { id: "audit", title: "admin.audit", icon: "list", page: lazy(() => import("@/pages/admin/audit")) },
  { id: "health", title: "admin.health", icon: "check", page: lazy(() => import("@/pages/admin/health")) },
  {
    id: "similar",
    title: "admin.similar",
    icon: "search",
    page: lazy(() => import("@/pages/admin/similar-answers")),
  },
  { id: "spending", title: "admin.spending", icon: "stop", page: lazy(() => import("@/pages/admin/spending")) },
];
const FIRST = "live";

export default function AdminPage({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const section = SECTIONS.find(({ id }) => id === (params.section ?? FIRST));
  const title = t(section?.title ?? "app.not_found");
  useTitle(title);
  return (
    <Shell
      side={<Sections current={section?.id} />}
      sideLabel={t("menu.admin")}
      bar={<h1 className="admin-title">{title}</h1>}
    >
      <div className="admin">
        <Suspense fallback={<p className="soft">{t("app.loading")}</p>}>
          {section ? <section.page /> : <p>{t("app.not_found.text")}</p>}
        </Suspense>
      </div>
    </Shell>
  );
}

function Sections({ current }: { current: string | undefined }): ReactNode {
  const { t } = useWords();
  return (
    <ul className="admin-sections">
      {SECTIONS.map(({ id, title, icon }) => (
        <li key={id}>
          <Link to={id === FIRST ? "/admin" : `/admin/${id}`} aria-current={id === current ? "page" : undefined}>
            <Icon name={icon} />
            {t(title)}
          </Link>
        </li>
      ))}
      <li className="admin-back">
        <Link to="/">
          <Icon name="chevronLeft" />
          {t("app.home")}
        </Link>
      </li>
    </ul>
  );
}
