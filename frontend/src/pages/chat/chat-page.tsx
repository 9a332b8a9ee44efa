import { type ReactNode, useEffect, useState } from "react";
import { isProblem } from "@/api/problem";
import type { Row } from "@/chat/rows";
import { checkedBody, type Target, useChecked, useTarget } from "@/chat/target";
import { useConversation } from "@/chat/use-conversation";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";
import { Announcer } from "@/pages/chat/announcer";
import { Answer } from "@/pages/chat/answer";
import { ChatBar } from "@/pages/chat/chat-bar";
import { Composer } from "@/pages/chat/composer";
import { MessageList } from "@/pages/chat/message-list";
import { Question } from "@/pages/chat/question";
import { Sidebar } from "@/pages/chat/sidebar";
import { useArrivals } from "@/pages/chat/use-arrivals";
import { Shell } from "@/pages/shell";
import { SimulatedNotice } from "@/pages/simulated-notice";
import { navigate } from "@/router";
import type { PageProps } from "@/routes";
import "@/styles/chat.css";

export default function ChatPage({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const conversationId = params.id ?? null;
  const [target, setTarget] = useTarget();
  const [checked, setChecked] = useChecked();
  const view = useConversation(conversationId);
  const { rows, loaded, live } = view;
  const [temporary, setTemporary] = useState(false);
  const announcement = useArrivals();
  const running = live?.running ?? false;
  const empty = rows.length === 0 && (conversationId === null || loaded.status === "success");
  return (
    <Shell
      side={<Sidebar currentId={conversationId} />}
      bar={<ChatBar conversationId={conversationId} temporary={temporary} onTemporary={setTemporary} />}
    >
      <div className={empty ? "chat empty" : "chat"}>
        {empty && <h1 className="greeting">{t("chat.greeting")}</h1>}
        {loaded.status === "error" ? (
          <Unavailable error={loaded.error} />
        ) : (
          !empty && (
            <MessageList
              name={conversationId ?? "new"}
              rows={rows}
              loaded={loaded}
              render={(row) => <RowView row={row} view={view} target={target} checked={checked} />}
            />
          )
        )}
        {loaded.status !== "error" && (
          <Composer
            conversationId={conversationId}
            target={target}
            onTarget={setTarget}
            checked={checked}
            onChecked={setChecked}
            onAsk={(text) => {
              const kept = conversationId === null && temporary ? { temporary } : {};
              view.ask(text, target, { ...kept, ...checkedBody(target, checked) });
              setTemporary(false);
            }}
            running={running}
            stopping={live?.stopping ?? false}
            onStop={view.stop}
          />
        )}
        <SimulatedNotice />
        <Announcer text={announcement} />
      </div>
      <EscapeStops active={running} onStop={view.stop} />
    </Shell>
  );
}

interface RowProps {
  row: Row;
  view: ReturnType<typeof useConversation>;
  target: Target;
  checked: boolean;
}

function RowView({ row, view, target, checked }: RowProps): ReactNode {
  const busy = view.live?.running ?? false;
  if (row.kind === "answer") {
    return (
      <Answer
        step={row.step}
        live={row.live}
        busy={busy}
        onRegenerate={view.regenerate}
        onRerun={view.rerun}
        onSelect={view.select}
        onDismiss={view.dismiss}
      />
    );
  }
  const step = row.kind === "question" ? row.step : null;
  return (
    <Question
      text={row.kind === "question" ? row.step.message.content : row.live.body.message}
      step={step}
      busy={busy}
      onEdit={(question, text) => view.edit(question, text, target, checkedBody(target, checked))}
      onSelect={view.select}
    />
  );
}

function Unavailable({ error }: { error: Error | null }): ReactNode {
  const { t } = useWords();
  const gone = isProblem(error, "not_found");
  return (
    <div className="centre">
      <div className="card stack" role="alert">
        <h1>{t(gone ? "chat.gone" : "chat.failed")}</h1>
        <p className="soft">{gone ? t("chat.gone.text") : explained(error, t)}</p>
        <Button kind="primary" onClick={() => navigate("/")}>
          {t("chat.new")}
        </Button>
      </div>
    </div>
  );
}

/** Escape stops the answer, unless something nearer to the keyboard has used the key. */
function EscapeStops({ active, onStop }: { active: boolean; onStop(): void }): ReactNode {
  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) onStop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [active, onStop]);
  return null;
}
