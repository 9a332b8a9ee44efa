import type { ReactNode } from "react";
import { Link } from "@/components/button";
import { useWords } from "@/i18n";

export function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false" className="mark">
      <rect width="32" height="32" rx="8" />
      <path d="M9 23 16 8l7 15M12 18.5h8" />
    </svg>
  );
}

export function Brand(): ReactNode {
  const { t } = useWords();
  return (
    <Link className="brand" to="/">
      <Mark />
      {t("app.name")}
    </Link>
  );
}
