import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Icon, type IconName } from "@/components/icon";

export interface MenuEntry {
  label: string;
  icon?: IconName;
  /** A second, softer line. */
  hint?: string;
  /** For choices: whether this one is chosen. */
  checked?: boolean;
  danger?: boolean;
  /** A line above it. */
  separated?: boolean;
  onSelect(): void;
}

interface MenuProps {
  /** The button that opens it. */
  button: (props: {
    "aria-haspopup": "menu";
    "aria-expanded": boolean;
    "aria-controls": string;
    onClick(): void;
  }) => ReactNode;
  label: string;
  entries: MenuEntry[];
}

/** A menu as the ARIA authoring practices have it: arrows move, Escape closes and gives the focus back. */
export function Menu({ button, label, entries }: MenuProps): ReactNode {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    anchor.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
  };
  return (
    <span className="menu-anchor" ref={anchor}>
      {button({
        "aria-haspopup": "menu",
        "aria-expanded": open,
        "aria-controls": id,
        onClick: () => setOpen(!open),
      })}
      {open && <MenuList id={id} label={label} entries={entries} anchor={anchor.current} onClose={close} />}
    </span>
  );
}

interface MenuListProps {
  id: string;
  label: string;
  entries: MenuEntry[];
  anchor: HTMLElement | null;
  onClose(): void;
}

const EDGE = 8;

function MenuList({ id, label, entries, anchor, onClose }: MenuListProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!list.current || !anchor) return;
    place(list.current, anchor.getBoundingClientRect());
    items(list.current)[0]?.focus();
  }, [anchor]);
  useEffect(() => {
    const outside = (event: Event): void => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !anchor?.contains(target)) onClose();
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [anchor, onClose]);
  // Not where its button is: a list that scrolls or moves its rows would cut it off.
  return createPortal(
    <div
      ref={list}
      id={id}
      role="menu"
      tabIndex={-1}
      aria-label={label}
      className="menu"
      onKeyDown={keys(list, onClose)}
    >
      {entries.map((entry) => (
        <MenuItem key={entry.label} entry={entry} onClose={onClose} />
      ))}
    </div>,
    anchor?.closest("dialog") ?? document.querySelector("main") ?? document.body,
  );
}

function MenuItem({ entry, onClose }: { entry: MenuEntry; onClose(): void }): ReactNode {
  const choice = entry.checked !== undefined;
  return (
    <>
      {entry.separated && <hr />}
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: only a menuitemradio has aria-checked */}
      <button
        type="button"
        role={choice ? "menuitemradio" : "menuitem"}
        aria-checked={choice ? entry.checked : undefined}
        className={entry.danger ? "danger" : ""}
        tabIndex={-1}
        onClick={() => {
          onClose();
          entry.onSelect();
        }}
      >
        {entry.icon && <Icon name={entry.icon} />}
        <span className="grow">
          {entry.label}
          {entry.hint && <span className="menu-hint">{entry.hint}</span>}
        </span>
        {entry.checked && <Icon name="check" />}
      </button>
    </>
  );
}

function items(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
}

function keys(list: { current: HTMLElement | null }, onClose: () => void) {
  return (event: KeyboardEvent): void => {
    if (!list.current) return;
    const all = items(list.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") onClose();
    if (next === undefined && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (next !== undefined) all[(next + all.length) % all.length]?.focus();
  };
}

/** Below the button, above it where there is no room, over it where there is none either; never beyond the window. */
function place(list: HTMLElement, button: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = list;
  const [under, over, lowest] = [button.bottom + 4, button.top - height - 4, innerHeight - height - EDGE];
  const top = under <= lowest ? under : over >= EDGE ? over : Math.max(EDGE, lowest);
  list.style.top = `${top}px`;
  list.style.left = `${Math.max(EDGE, Math.min(button.left, innerWidth - width - EDGE))}px`;
}
