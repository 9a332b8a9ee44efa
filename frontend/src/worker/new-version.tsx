import { type ReactNode, useEffect, useRef } from "react";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { registerWorker } from "@/worker/register";

/** Says that a new version of the page is there. It is used when the page is loaded again, and not before. */
export function NewVersion(): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const say = (): void => toast(t("app.new_version"), { label: t("app.reload"), run: () => location.reload() });
  const latest = useRef(say);
  latest.current = say;
  const registered = useRef(false);
  useEffect(() => {
    if (registered.current) return;
    registered.current = true;
    registerWorker(() => latest.current());
  }, []);
  return null;
}
