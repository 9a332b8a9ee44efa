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

interface TextFieldProps extends ComponentProps<"textarea"> {
  label: string;
  hint?: string | undefined;
}

/** A labelled text of several lines. */
export function TextField({ label, hint, ...area }: TextFieldProps): ReactNode {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={null}>
      <textarea id={id} className="input" aria-describedby={hint ? `${id}-hint` : undefined} {...area} />
    </Labelled>
  );
}

interface SelectFieldProps extends ComponentProps<"select"> {
  label: string;
  hint?: string | undefined;
  /** [value, text] in the order of the list. */
  options: readonly (readonly [string, string])[];
}

/** A labelled choice of one. */
export function SelectField({ label, hint, options, ...select }: SelectFieldProps): ReactNode {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={null}>
      <select id={id} className="input" aria-describedby={hint ? `${id}-hint` : undefined} {...select}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

interface CheckFieldProps extends ComponentProps<"input"> {
  label: string;
  hint?: string | undefined;
}

/** A labelled choice of yes or no; in a form its value is "on" where it is chosen. */
export function CheckField({ label, hint, ...input }: CheckFieldProps): ReactNode {
  const id = useId();
  return (
    <div className="check">
      <input id={id} type="checkbox" aria-describedby={hint ? `${id}-hint` : undefined} {...input} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <div id={`${id}-hint`} className="soft small">
            {hint}
          </div>
        )}
      </div>
    </div>
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
