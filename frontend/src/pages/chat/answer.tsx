import { type ReactNode, useState } from "react";
import type { Message } from "@/api/chat";
import type { Step } from "@/chat/branches";
import type { LiveAnswer } from "@/chat/live-answer";
import { type AnswerView, useAnswerView } from "@/chat/view";
import { Button, IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";
import { MarkdownBlocks } from "@/markdown/markdown";
import { AgentSign, useAgentName } from "@/pages/chat/agents";
import { BranchSwitch } from "@/pages/chat/branch-switch";
import { FeedbackButtons } from "@/pages/chat/feedback";
import { ReceiptLine } from "@/pages/chat/receipt";
import { TeamPanel } from "@/pages/chat/team-panel";

interface Props {
  step: Step | null;
  live: LiveAnswer | null;
  /** An answer is under way in this conversation. */
  busy: boolean;
  onRegenerate(answer: Message, fresh: boolean): void;
  onRerun(answer: Message, agent: string): Promise<void>;
  onSelect(messageId: string): void;
  onDismiss(): void;
}

/** One answer, from the moment the question is sent until long after. */
export function Answer({ step, live, busy, onRegenerate, onRerun, onSelect, onDismiss }: Props): ReactNode {
  const message = step?.message ?? null;
  const view = useAnswerView(message, live);
  const name = useAgentName()(view.agent);
  const again = useRegenerateLabel(view);
  const ended = view.state === "complete" || view.state === "interrupted" || view.state === "failed";
  return (
    <article className="answer" aria-label={name} aria-busy={!ended}>
      <header>
        <AgentSign agent={view.agent} />
        <h2 className="answer-agent">{name}</h2>
      </header>
      <Reasoning view={view} />
      {view.members.length > 0 && (
        <TeamPanel
          members={view.members}
          ended={ended}
          onRerun={message && ended && !busy ? (agent) => onRerun(message, agent) : null}
        />
      )}
      <AnswerText view={view} />
      {view.state === "failed" && <Failure view={view} onDismiss={step ? null : onDismiss} />}
      {ended && (
        <footer className="message-tools">
          {step && <BranchSwitch step={step} onSelect={onSelect} />}
          {view.text && <CopyButton text={view.text} />}
          {message && view.text && <FeedbackButtons message={message} />}
          {message && (
            <IconButton icon="refresh" label={again} disabled={busy} onClick={() => onRegenerate(message, false)} />
          )}
          <ReceiptLine view={view} onFresh={message && !busy ? () => onRegenerate(message, true) : null} />
        </footer>
      )}
    </article>
  );
}

function useRegenerateLabel(view: AnswerView): string {
  const { t } = useWords();
  return t(view.state === "failed" ? "chat.retry" : "chat.regenerate");
}

function AnswerText({ view }: { view: AnswerView }): ReactNode {
  const { t } = useWords();
  const team = view.members.length > 0;
  const empty = view.groups.length === 0 && !view.tail;
  if (empty && view.state === "elsewhere") return <p className="soft">{t("chat.pending")}</p>;
  if (empty && view.state === "queued")
    return (
      <p className="soft" role="status">
        {t("chat.queued")}
      </p>
    );
  if (empty && !team && (view.state === "waiting" || view.state === "streaming")) return <Dots />;
  return (
    <>
      {team && !empty && <h3 className="team-heading">{t("team.synthesis")}</h3>}
      {!empty && <MarkdownBlocks groups={view.groups} tail={view.tail} growing={view.state === "streaming"} />}
      {view.state === "interrupted" && <p className="soft small">{t(empty ? "chat.lost" : "chat.interrupted")}</p>}
    </>
  );
}

function Dots(): ReactNode {
  const { t } = useWords();
  return (
    <p className="dots">
      <span className="unseen">{t("chat.thinking")} …</span>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </p>
  );
}

function Reasoning({ view }: { view: AnswerView }): ReactNode {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  if (!view.reasoning) return null;
  const thinking = view.state === "streaming" && view.groups.length === 0 && !view.tail;
  return (
    <details className="reasoning" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{thinking ? `${t("chat.thinking")} …` : t("chat.thoughts")}</summary>
      {open && <p>{view.reasoning}</p>}
    </details>
  );
}

function Failure({ view, onDismiss }: { view: AnswerView; onDismiss: (() => void) | null }): ReactNode {
  const { t } = useWords();
  return (
    <div className="notice danger row" role="alert">
      <span className="grow">{explained(view.problem, t)}</span>
      {onDismiss && <Button onClick={onDismiss}>{t("chat.dismiss")}</Button>}
    </div>
  );
}
