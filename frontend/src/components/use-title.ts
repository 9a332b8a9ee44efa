import { useEffect } from "react";
import { useWords } from "@/i18n";

/** Names the window after the page. */
export function useTitle(title: string | undefined): void {
  const { t } = useWords();
  useEffect(() => {
    document.title = title ? `${title} · ${t("app.name")}` : t("app.name");
  }, [title, t]);
}
