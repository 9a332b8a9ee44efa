import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import type { LoadedMessages } from "@/chat/messages";
import type { Row } from "@/chat/rows";
import { IconButton } from "@/components/button";
import { useWords } from "@/i18n";

const ESTIMATE = { question: 90, sent: 90, answer: 360 } as const;
const OVERSCAN = 6;
/** Older messages are asked for when so few of the loaded ones are left above. */
const AHEAD = 10;
const AT_END_PX = 120;

interface Props {
  /** Names the list: another one begins at its end. */
  name: string;
  rows: readonly Row[];
  loaded: LoadedMessages;
  render(row: Row): ReactNode;
}

/** The messages, of which only those in sight are in the document. It opens at the end and stays there while it grows. */
export function MessageList({ name, rows, loaded, render }: Props): ReactNode {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATE[rows[index]?.kind ?? "answer"],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: OVERSCAN,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: AT_END_PX,
    paddingStart: 16,
    paddingEnd: 24,
  });
  const begun = rows.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each conversation, as soon as there is something
  useLayoutEffect(() => {
    if (begun) list.scrollToEnd();
  }, [name, begun]);
  const items = list.getVirtualItems();
  const firstSeen = items[0]?.index ?? 0;
  const { hasOlder, loadingOlder, loadOlder } = loaded;
  useEffect(() => {
    if (begun && hasOlder && !loadingOlder && firstSeen < AHEAD) loadOlder();
  }, [begun, hasOlder, loadingOlder, firstSeen, loadOlder]);
  const away = begun && !list.isAtEnd(AT_END_PX);
  return (
    <div className="messages-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the messages are scrolled with the keyboard too */}
      <div className="messages" ref={scroller} role="log" aria-live="off" aria-label={t("chat.messages")} tabIndex={0}>
        <div className="messages-all" style={{ height: list.getTotalSize() }}>
          {loadingOlder && <p className="messages-older soft small">{t("chat.older")}</p>}
          {items.map((item) => {
            const row = rows[item.index];
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={list.measureElement}
                className="messages-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row && render(row)}
              </div>
            );
          })}
        </div>
      </div>
      {away && (
        <IconButton
          className="to-end"
          icon="arrowDown"
          label={t("chat.newest")}
          onClick={() => list.scrollToEnd({ behavior: "smooth" })}
        />
      )}
    </div>
  );
}
