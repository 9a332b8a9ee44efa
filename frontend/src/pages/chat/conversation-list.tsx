import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import type { Conversation } from "@/api/chat";
import { type ListView, useConversationList } from "@/chat/conversations";
import { Button, Link } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";
import { ConversationMenu } from "@/pages/chat/conversation-menu";

type Row = { kind: "heading"; text: string } | { kind: "conversation"; conversation: Conversation };

const ROW_PX = 38;
const AHEAD = 10;

/** A list of any length: only what is in sight is in the document, and pages are loaded as one gets there. */
export function ConversationList({ view, currentId }: { view: ListView; currentId: string | null }): ReactNode {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const pinned = useConversationList(view, true);
  const others = useConversationList(view, false);
  const rows = rowsOf(pinned.items, others.items, t("side.pinned"), t("side.recent"));
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => keyOf(rows[index], index),
    overscan: AHEAD,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = others;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, rows.length]);
  if (others.error && rows.length === 0) {
    return (
      <div className="side-empty stack" role="alert">
        <p className="small">{explained(others.error, t)}</p>
        <Button onClick={() => void others.refetch()}>{t("app.retry")}</Button>
      </div>
    );
  }
  if (rows.length === 0 && !others.isPending) return <p className="side-empty soft small">{t("side.empty")}</p>;
  return (
    <div className="side-list" ref={scroller}>
      <ul className="side-rows" style={{ height: list.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            <li key={item.key} style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
              {row && <RowView row={row} current={row.kind === "conversation" && row.conversation.id === currentId} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function rowsOf(pinned: Conversation[], others: Conversation[], pinnedText: string, recentText: string): Row[] {
  const rows = (all: Conversation[]): Row[] => all.map((conversation) => ({ kind: "conversation", conversation }));
  if (pinned.length === 0) return rows(others);
  const recent: Row[] = others.length ? [{ kind: "heading", text: recentText }, ...rows(others)] : [];
  return [{ kind: "heading", text: pinnedText }, ...rows(pinned), ...recent];
}

function keyOf(row: Row | undefined, index: number): string | number {
  if (!row) return index;
  return row.kind === "heading" ? `heading ${row.text}` : row.conversation.id;
}

function RowView({ row, current }: { row: Row; current: boolean }): ReactNode {
  if (row.kind === "heading") return <h2 className="side-heading">{row.text}</h2>;
  const { conversation } = row;
  return (
    <div className="side-item" data-current={current}>
      <Link to={`/c/${conversation.id}`} aria-current={current ? "page" : undefined} title={conversation.title}>
        {conversation.title}
      </Link>
      <ConversationMenu conversation={conversation} current={current} />
    </div>
  );
}
