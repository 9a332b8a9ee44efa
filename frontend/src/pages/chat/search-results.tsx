import type { ReactNode } from "react";
import { useSearch } from "@/chat/search";
import { Link } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";

/** Conversations and messages that contain every word. */
export function SearchResults({ words, currentId }: { words: string; currentId: string | null }): ReactNode {
  const { t, date } = useWords();
  const { hits, error } = useSearch(words);
  if (error) return <p className="side-empty error-text">{explained(error, t)}</p>;
  const count = hits ? t("side.hits", { count: hits.length }) : "";
  return (
    <div className="side-list">
      <p className="side-heading" role="status">
        {count}
      </p>
      <ul>
        {hits?.map((hit) => (
          <li key={hit.message_id ?? `title ${hit.conversation_id}`}>
            <Link
              className="hit"
              to={`/c/${hit.conversation_id}`}
              aria-current={hit.conversation_id === currentId ? "page" : undefined}
            >
              <span className="hit-title">{hit.title}</span>
              <span className="soft small hit-text">{hit.snippet}</span>
              <span className="soft small">{date(hit.created_at, { dateStyle: "medium" })}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
