import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";

interface Props<T> {
  query: { data: T | undefined; error: Error | null; refetch(): unknown };
  children(data: T): ReactNode;
}

/** What a query answered; until then that it is on its way. An error says how to try again; what was there stays. */
export function Loaded<T>({ query, children }: Props<T>): ReactNode {
  const { t } = useWords();
  if (query.data === undefined && !query.error) return <p className="soft">{t("app.loading")}</p>;
  return (
    <>
      {query.error && (
        <div className="notice danger row" role="alert">
          <span className="grow">{explained(query.error, t)}</span>
          <Button onClick={() => void query.refetch()}>{t("app.retry")}</Button>
        </div>
      )}
      {query.data !== undefined && children(query.data)}
    </>
  );
}
