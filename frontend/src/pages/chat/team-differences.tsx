import { type ReactNode, useMemo } from "react";
import { differences } from "@/chat/differences";
import type { MemberView } from "@/chat/view";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { AgentSign, useAgentName } from "@/pages/chat/agents";

/** What each agent says that no other one does. */
export function TeamDifferences({ members }: { members: readonly MemberView[] }): ReactNode {
  const { t } = useWords();
  const { percent } = useQuantities();
  const nameOf = useAgentName();
  const found = useMemo(() => {
    const answered = members.filter((member) => member.receipt?.status === "ok");
    return differences(answered.map(({ agent, groups }) => ({ agent, text: groups.flat().join("") })));
  }, [members]);
  return (
    <div className="differences">
      <p className="soft small">{t("team.differences.text")}</p>
      {found.every((difference) => difference.own.length === 0) && <p>{t("team.differences.none")}</p>}
      {found
        .filter((difference) => difference.own.length > 0)
        .map(({ agent, own, shared }) => (
          <section key={agent}>
            <h4 className="row">
              <AgentSign agent={agent} />
              {nameOf(agent)}
              <span className="soft small">{t("team.differences.shared", { percent: percent(shared) })}</span>
            </h4>
            <ul>
              {own.map((statement) => (
                <li key={statement}>{statement}</li>
              ))}
            </ul>
          </section>
        ))}
    </div>
  );
}
