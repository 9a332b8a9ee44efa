import { type ReactNode, type RefObject, useEffect, useId, useRef, useState } from "react";
import type { MemberView } from "@/chat/view";
import { Button } from "@/components/button";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { MarkdownBlocks } from "@/markdown/markdown";
import { AgentSign, useAgentName } from "@/pages/chat/agents";
import { TeamDifferences } from "@/pages/chat/team-differences";

interface Props {
  members: readonly MemberView[];
  ended: boolean;
  /** null: not now. */
  onRerun: ((agent: string) => Promise<void>) | null;
}

/** A team's answers: who has answered, who still writes, who failed; each can be read, and compared. */
export function TeamPanel({ members, ended, onRerun }: Props): ReactNode {
  const { t } = useWords();
  const [shown, setShown] = useState<string | null>(null);
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  useShown(panel, shown);
  const member = members.find((other) => other.agent === shown);
  const toggle = (name: string) => () => setShown(shown === name ? null : name);
  const answered = members.filter((other) => other.receipt?.status === "ok").length;
  return (
    <section className="team" aria-label={t("team.answers")}>
      <div className="team-members">
        {members.map((other) => (
          <MemberButton
            key={other.agent}
            member={other}
            late={answered >= members.length - 1 && answered > 1}
            open={shown === other.agent}
            controls={id}
            onClick={toggle(other.agent)}
          />
        ))}
        {ended && answered > 1 && (
          <button
            type="button"
            className="team-member"
            aria-expanded={shown === DIFFERENCES}
            aria-controls={id}
            onClick={toggle(DIFFERENCES)}
          >
            {t("team.differences")}
          </button>
        )}
      </div>
      <div id={id} ref={panel} className={shown ? "team-answer" : undefined}>
        {member && <MemberAnswer member={member} onRerun={onRerun} />}
        {shown === DIFFERENCES && <TeamDifferences members={members} />}
      </div>
    </section>
  );
}

const DIFFERENCES = "differences";

/** What was opened comes into sight: the list keeps its end in place, and would push it out. */
function useShown(panel: RefObject<HTMLElement | null>, shown: string | null): void {
  useEffect(() => {
    if (shown === null) return;
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => panel.current?.parentElement?.scrollIntoView?.({ block: "nearest" }));
    });
    return () => cancelAnimationFrame(frame);
  }, [panel, shown]);
}

interface MemberButtonProps {
  member: MemberView;
  late: boolean;
  open: boolean;
  controls: string;
  onClick(): void;
}

function MemberButton({ member, late, open, controls, onClick }: MemberButtonProps): ReactNode {
  const name = useAgentName()(member.agent);
  const state = useMemberState(member, late);
  return (
    <button
      type="button"
      className="team-member"
      data-state={member.receipt?.status ?? "writing"}
      aria-expanded={open}
      aria-controls={controls}
      onClick={onClick}
    >
      <AgentSign agent={member.agent} />
      <span className="team-member-text">
        <span>{name}</span>
        <span className="soft small">{state}</span>
      </span>
    </button>
  );
}

/** In words: seconds for one that has answered, else what became of it. */
function useMemberState({ receipt, begun }: MemberView, late: boolean): string {
  const { t } = useWords();
  const { seconds } = useQuantities();
  if (receipt?.reused) return t("team.reused");
  if (receipt?.status === "ok") return seconds(receipt.response_time);
  if (receipt) return t(`team.${receipt.status}`);
  if (late) return t("team.late");
  return t(begun ? "team.writing" : "team.waiting");
}

function MemberAnswer({ member, onRerun }: { member: MemberView; onRerun: Props["onRerun"] }): ReactNode {
  const { t } = useWords();
  const { money } = useQuantities();
  const toast = useToast();
  const name = useAgentName()(member.agent);
  const [busy, setBusy] = useState(false);
  const rerun = async (): Promise<void> => {
    setBusy(true);
    try {
      await onRerun?.(member.agent);
    } catch (failure) {
      toast(explained(failure, t));
    } finally {
      setBusy(false);
    }
  };
  const { receipt } = member;
  return (
    <>
      {receipt?.error && <p className="error-text">{receipt.error}</p>}
      <MarkdownBlocks groups={member.groups} tail={member.tail} growing={member.receipt === null} />
      <div className="message-tools">
        {receipt && (
          <span className="soft small">
            {[receipt.model_used.split("/").at(-1), money(receipt.cost)].filter(Boolean).join(" · ")}
          </span>
        )}
        {onRerun && (
          <Button className="small" busy={busy} onClick={() => void rerun()}>
            {t(busy ? "team.rerun.busy" : "team.rerun", { agent: name })}
          </Button>
        )}
      </div>
    </>
  );
}
