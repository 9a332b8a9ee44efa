import { type ComponentProps, type ReactNode, useId, useState } from "react";
import { IconButton } from "@/components/button";
import { useWords } from "@/i18n";

interface FieldProps extends ComponentProps<"input"> {
  label: string;
  hint?: string | undefined;
  error?: string | null | undefined;
}

/** A labelled input; hint and error belong to it for screen readers too. */
export function Field({ label, hint, error, ...input }: FieldProps): ReactNode {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <input id={id} className="input" {...described(id, hint, error)} {...input} />
    </Labelled>
  );
}

/** A password that can be shown while it is typed. */
export function PasswordField({ label, hint, error, ...input }: FieldProps): ReactNode {
  const id = useId();
  const { t } = useWords();
  const [shown, setShown] = useState(false);
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <div className="password">
        <input
          id={id}
          className="input"
          type={shown ? "text" : "password"}
          {...described(id, hint, error)}
          {...input}
        />
        <IconButton
          icon="eye"
          label={t(shown ? "signin.hide" : "signin.show")}
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        />
      </div>
    </Labelled>
  );
}

interface LabelledProps {
  id: string;
  label: string;
  hint: string | undefined;
  error: string | null | undefined;
  children: ReactNode;
}

function Labelled({ id, label, hint, error, children }: LabelledProps): ReactNode {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <span id={`${id}-hint`} className="soft small">
          {hint}
        </span>
      )}
      {error && (
        <span id={`${id}-error`} className="error">
          {error}
        </span>
      )}
    </div>
  );
}

function described(id: string, hint: string | undefined, error: string | null | undefined): ComponentProps<"input"> {
  const by = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return { "aria-describedby": by || undefined, "aria-invalid": error ? true : undefined };
}
