/** Which page is shown: by the path, and by who is signed in. */
import { type ReactNode, Suspense, useEffect } from "react";
import { Button, Link } from "@/components/button";
import { useWords } from "@/i18n";
import { currentQuery, match, navigate, type Params, usePath } from "@/router";
import { ROUTES, type Route } from "@/routes";
import { useServices, useSession } from "@/session/context";
import type { SessionState } from "@/session/session";

const SIGN_IN = "/sign-in";

export function App(): ReactNode {
  const path = usePath();
  const session = useSession();
  const { t } = useWords();
  const found = find(path);
  const target = found && redirection(found.route, session, path);
  useEffect(() => {
    if (target) navigate(target, { replace: true });
  }, [target]);
  if (!found) return <Message title={t("app.not_found")} text={t("app.not_found.text")} />;
  if (session.status === "unreachable") return <Unreachable />;
  if (target || (session.status === "starting" && found.route.access !== "public")) return <Loading />;
  if (found.route.access === "admin" && session.status === "signed-in" && session.user.role !== "admin")
    return <Message title={t("app.admins_only")} text={t("app.admins_only.text")} />;
  const Page = found.route.page;
  return (
    <Suspense fallback={<Loading />}>
      <Page params={found.params} />
    </Suspense>
  );
}

function find(path: string): { route: Route; params: Params } | null {
  for (const route of ROUTES) {
    const params = match(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}

/** Where somebody goes who may not be here, or need not; null for who stays. */
function redirection(route: Route, session: SessionState, path: string): string | null {
  if (session.status === "signed-out" && (route.access === "user" || route.access === "admin"))
    return path === "/" ? SIGN_IN : `${SIGN_IN}?next=${encodeURIComponent(path)}`;
  if (session.status !== "signed-in") return null;
  return route.access === "guest" ? nextPath() : null;
}

/** Where a guest wanted to go; only ever a path of this page. */
export function nextPath(): string {
  const next = currentQuery().get("next") ?? "/";
  return find(next) ? next : "/";
}

function Loading(): ReactNode {
  const { t } = useWords();
  return (
    <main className="centre" aria-busy="true">
      <span className="spinner" />
      <span className="unseen">{t("app.loading")}</span>
    </main>
  );
}

function Unreachable(): ReactNode {
  const { t } = useWords();
  const { session } = useServices();
  return (
    <Message title={t("app.unreachable")} text={t("app.unreachable.text")}>
      <Button kind="primary" onClick={() => void session.start()}>
        {t("app.retry")}
      </Button>
    </Message>
  );
}

function Message({ title, text, children }: { title: string; text: string; children?: ReactNode }): ReactNode {
  const { t } = useWords();
  return (
    <main className="centre">
      <div className="card stack">
        <h1>{title}</h1>
        <p className="soft">{text}</p>
        {children ?? (
          <Link className="button primary" to="/">
            {t("app.home")}
          </Link>
        )}
      </div>
    </main>
  );
}
