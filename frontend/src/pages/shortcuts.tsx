/** Keys that work on every page of a signed-in user, and the list of all keys. */
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { Dialog } from "@/components/dialog";
import { type Key, useWords } from "@/i18n";
import { navigate } from "@/router";

const MAC = /\bMac/.test(navigator.userAgent);
const MOD = MAC ? "⌘" : "Ctrl";
const KEYS: readonly (readonly [readonly string[], Key])[] = [
  [["Enter"], "shortcut.send"],
  [["Shift", "Enter"], "shortcut.line"],
  [["/"], "shortcut.prompts"],
  [["Esc"], "shortcut.stop"],
  [[MOD, "Enter"], "shortcut.resend"],
  [[MOD, "K"], "shortcut.search"],
  [[MOD, "Shift", "O"], "shortcut.new_chat"],
  [["↑", "↓"], "shortcut.menu"],
  [["?"], "shortcut.help"],
];

interface Actions {
  onHelp(): void;
  onSearch(): void;
}

/** Listens while the component is there. */
export function useShortcuts(actions: Actions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const run = shortcut(event, latest.current);
      if (!run || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function shortcut(event: KeyboardEvent, { onHelp, onSearch }: Actions): (() => void) | null {
  const held = MAC ? event.metaKey : event.ctrlKey;
  const letter = event.key.toLowerCase();
  if (held && !event.altKey && !event.shiftKey && letter === "k") return onSearch;
  if (held && !event.altKey && event.shiftKey && letter === "o") return () => navigate("/");
  return event.key === "?" && !event.ctrlKey && !event.metaKey && !isTyping(event.target) ? onHelp : null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** All keys and what they do. */
export function ShortcutHelp({ onClose }: { onClose(): void }): ReactNode {
  const { t } = useWords();
  return (
    <Dialog title={t("shortcut.title")} onClose={onClose}>
      <dl className="shortcuts">
        {KEYS.map(([keys, meaning]) => (
          <Fragment key={meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(meaning)}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}
