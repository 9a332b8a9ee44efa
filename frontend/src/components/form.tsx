import { type FormEvent, type ReactNode, useState } from "react";
import { isProblem, type Problem } from "@/api/problem";
import { Button } from "@/components/button";
import { type Translate, useWords } from "@/i18n";

interface FormProps {
  submit: string;
  /** What sending it does cannot be taken back: "danger". */
  kind?: "primary" | "danger";
  /** Raises Problem; its text is shown above the button unless explain says it otherwise. */
  onSubmit(values: Record<string, string>): Promise<void>;
  /** The text for a problem; undefined for the usual one. */
  explain?(problem: Problem): string | undefined;
  children: ReactNode;
}

/** A form that is sent once at a time and says what went wrong. values: the text of each named input. */
export function Form({ submit, kind = "primary", onSubmit, explain, children }: FormProps): ReactNode {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const send = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const values = Object.fromEntries(
      [...new FormData(event.currentTarget)].map(([name, value]) => [name, `${value}`]),
    );
    setBusy(true);
    setError(null);
    try {
      await onSubmit(values);
    } catch (failure) {
      setError((isProblem(failure) && explain?.(failure)) || explained(failure, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void send(event)} noValidate={false}>
      {children}
      {error && (
        <p className="notice danger" role="alert">
          {error}
        </p>
      )}
      <Button type="submit" kind={kind} busy={busy}>
        {submit}
      </Button>
    </form>
  );
}

/** What happened, in the user's language where the page has words for it, else in the server's. */
export function explained(failure: unknown, t: Translate): string {
  if (!isProblem(failure)) return t("problem.unexpected");
  if (isProblem(failure, "unreachable")) return t("problem.unreachable");
  if (isProblem(failure, "not_sent")) return t("problem.not_sent");
  if (isProblem(failure, "rate_limited")) return t("problem.rate_limited", { seconds: failure.retryAfter ?? 60 });
  const strength = failure.more.strength as { warning?: string; suggestions?: string[] } | undefined;
  if (strength) return [failure.detail, strength.warning, ...(strength.suggestions ?? [])].filter(Boolean).join(" ");
  return failure.detail || t("problem.unexpected");
}
