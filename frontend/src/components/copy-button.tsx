import { type ReactNode, useEffect, useState } from "react";
import { IconButton } from "@/components/button";
import { useWords } from "@/i18n";

const SHOWN_MS = 2000;

/** Copies a text and says so for a moment. */
export function CopyButton({ text, label }: { text: string; label?: string }): ReactNode {
  const { t } = useWords();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      icon={copied ? "check" : "copy"}
      label={copied ? t("common.copied") : (label ?? t("common.copy"))}
      onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
    />
  );
}
