/** The frame of every page of a signed-in user: the side with the conversations and the account, and the content. */
import { type ReactNode, useEffect, useState } from "react";
import { Brand } from "@/components/brand";
import { IconButton } from "@/components/button";
import { useWords } from "@/i18n";
import { OfflineNotice } from "@/offline/offline-notice";
import { AccountMenu } from "@/pages/account-menu";
import { ShortcutHelp, useShortcuts } from "@/pages/shortcuts";
import { navigate, usePath } from "@/router";
import "@/styles/shell.css";

interface ShellProps {
  /** What the side shows between the brand and the account. */
  side?: ReactNode;
  /** What the side is called, where it is not the conversations. */
  sideLabel?: string;
  /** What stands in the bar above the content. */
  bar?: ReactNode;
  children: ReactNode;
}

export function Shell({ side, sideLabel, bar, children }: ShellProps): ReactNode {
  const { t } = useWords();
  const label = sideLabel ?? t("shell.side");
  const path = usePath();
  const [open, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a phone, going somewhere closes the side
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") setOpen(false);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const [help, setHelp] = useState(false);
  useShortcuts({
    onHelp: () => setHelp(true),
    onSearch: () => {
      setOpen(true);
      focusSearch();
    },
  });
  return (
    <div className={`shell ${open ? "side-open" : ""}`}>
      <button type="button" className="skip button" onClick={() => document.getElementById("content")?.focus()}>
        {t("app.skip")}
      </button>
      <nav className="side" id="side" aria-label={label}>
        <div className="side-head">
          <Brand />
          <IconButton className="side-toggle" icon="close" label={t("common.close")} onClick={() => setOpen(false)} />
        </div>
        <div className="side-body">{side}</div>
        <AccountMenu onHelp={() => setHelp(true)} />
      </nav>
      <button type="button" className="scrim" tabIndex={-1} aria-hidden="true" onClick={() => setOpen(false)} />
      <div className="content">
        <header className="bar">
          <IconButton
            className="side-toggle"
            icon="menu"
            label={label}
            aria-expanded={open}
            aria-controls="side"
            onClick={() => setOpen(!open)}
          />
          {bar}
        </header>
        <OfflineNotice />
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      {help && <ShortcutHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

const SEARCH = ".side-search input";
const SEARCH_MS = 3000;

/** Where the side has no search, the chat's has one, as soon as it is there. */
function focusSearch(): void {
  const focus = (): boolean => {
    const input = document.querySelector<HTMLInputElement>(SEARCH);
    input?.focus();
    return input !== null && document.activeElement === input;
  };
  if (!document.querySelector(SEARCH)) navigate("/");
  const until = Date.now() + SEARCH_MS;
  const attempt = (): void => {
    if (!focus() && Date.now() < until) requestAnimationFrame(attempt);
  };
  attempt();
}
