import type { ReactNode } from "react";

/** Reads a text to those who do not see it, when it changes. */
export function Announcer({ text }: { text: string }): ReactNode {
  return (
    <p className="unseen" role="status" aria-live="polite">
      {text}
    </p>
  );
}
