/** The frame of the pages about the account: beside them where else to go, above them what they are about. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Link } from "@/components/button";
import { Icon, type IconName } from "@/components/icon";
import { useTitle } from "@/components/use-title";
import { type Key, useWords } from "@/i18n";
import { Shell } from "@/pages/shell";
import { usePath } from "@/router";
import "@/styles/settings.css";

const PAGES: readonly (readonly [string, Key, IconName])[] = [
  ["/account", "settings.profile", "user"],
  ["/account/instructions", "settings.instructions", "edit"],
  ["/account/routing", "settings.routing", "branch"],
  ["/account/prompts", "settings.prompts", "prompt"],
  ["/account/security", "settings.security", "lock"],
  ["/account/usage", "settings.usage", "chart"],
  ["/account/shares", "settings.shares", "share"],
  ["/account/keys", "settings.keys", "key"],
  ["/account/data", "settings.data", "download"],
];

interface Props {
  title: string;
  /** What the page is for. */
  text?: string;
  children: ReactNode;
}

export function SettingsPage({ title, text, children }: Props): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => {
    // Whoever came by a link of the page before has lost it: screen readers go on here.
    if (!document.activeElement || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <Shell side={<SettingsSide />}>
      <div className="settings">
        <div className="settings-column">
          <header>
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {text && <p className="soft">{text}</p>}
          </header>
          {children}
        </div>
      </div>
    </Shell>
  );
}

function SettingsSide(): ReactNode {
  const { t } = useWords();
  const path = usePath();
  return (
    <div className="settings-side">
      <Link className="settings-link" to="/">
        <Icon name="chevronLeft" />
        {t("app.home")}
      </Link>
      <ul aria-label={t("settings.label")}>
        {PAGES.map(([to, key, icon]) => (
          <li key={to}>
            <Link className="settings-link" to={to} aria-current={path === to ? "page" : undefined}>
              <Icon name={icon} />
              {t(key)}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface SectionProps {
  title: string;
  text?: ReactNode;
  children: ReactNode;
}

/** A part of such a page, with a heading of its own. */
export function Section({ title, text, children }: SectionProps): ReactNode {
  const id = useId();
  return (
    <section className="settings-section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {text && <p className="soft">{text}</p>}
      {children}
    </section>
  );
}
