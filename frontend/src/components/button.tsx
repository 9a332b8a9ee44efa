import type { ComponentProps, ReactNode } from "react";
import { Icon, type IconName } from "@/components/icon";
import { href, navigate } from "@/router";

interface ButtonProps extends ComponentProps<"button"> {
  kind?: "primary" | "danger" | "plain";
  /** Something is under way: the button cannot be pressed again. */
  busy?: boolean;
}

export function Button({ kind, busy = false, className = "", children, disabled, ...rest }: ButtonProps): ReactNode {
  return (
    <button type="button" className={`button ${kind ?? ""} ${className}`} disabled={disabled || busy} {...rest}>
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  icon: IconName;
  /** What it does: read by screen readers and shown while the pointer rests on it. */
  label: string;
}

export function IconButton({ icon, label, className = "", ...rest }: IconButtonProps): ReactNode {
  return (
    <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

interface LinkProps extends Omit<ComponentProps<"a">, "href"> {
  /** A path of the page: "/", "/c/ID". */
  to: string;
}

export function Link({ to, onClick, ...rest }: LinkProps): ReactNode {
  return (
    <a
      href={href(to)}
      onClick={(event) => {
        onClick?.(event);
        const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0;
        const other = new URL(event.currentTarget.href).pathname !== location.pathname;
        if (event.defaultPrevented || elsewhere || other) return;
        event.preventDefault();
        navigate(to);
      }}
      {...rest}
    />
  );
}
