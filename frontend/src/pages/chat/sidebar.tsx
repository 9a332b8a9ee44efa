import { type ReactNode, useState } from "react";
import type { ListView } from "@/chat/conversations";
import { useDebounced } from "@/chat/quote";
import { Button, IconButton } from "@/components/button";
import { Icon } from "@/components/icon";
import { useWords } from "@/i18n";
import { ConversationList } from "@/pages/chat/conversation-list";
import { SearchResults } from "@/pages/chat/search-results";
import { ViewMenu } from "@/pages/chat/view-menu";
import { navigate } from "@/router";
import "@/styles/sidebar.css";

const PAUSE_MS = 300;

/** The conversations: a new one, search, and the list. currentId: the one that is open. */
export function Sidebar({ currentId }: { currentId: string | null }): ReactNode {
  const { t } = useWords();
  const [text, setText] = useState("");
  const words = useDebounced(text.trim(), PAUSE_MS);
  const [view, setView] = useState<ListView>({ kind: "all" });
  return (
    <>
      <div className="side-tools">
        <Button className="new-chat" onClick={() => navigate("/")}>
          <Icon name="plus" />
          {t("chat.new")}
        </Button>
        <search className="side-search">
          <Icon name="search" />
          <input
            type="search"
            className="input"
            value={text}
            aria-label={t("side.search")}
            placeholder={t("side.search")}
            maxLength={200}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && setText("")}
          />
          {text && <IconButton icon="close" label={t("side.search.clear")} onClick={() => setText("")} />}
        </search>
      </div>
      {text.trim() ? (
        <SearchResults words={words} currentId={currentId} />
      ) : (
        <>
          <ViewMenu view={view} onView={setView} />
          <ConversationList view={view} currentId={currentId} />
        </>
      )}
    </>
  );
}
