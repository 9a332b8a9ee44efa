import type { ReactNode } from "react";
import { useAgents } from "@/chat/target";
import { useWords } from "@/i18n";

/** The name of whoever answers; an id that the roster does not know is shown as it is. */
export function useAgentName(): (agent: string) => string {
  const { t } = useWords();
  const agents = useAgents();
  return (agent) => {
    if (agent === "team") return t("agent.team");
    if (agent === "quick") return t("agent.quick");
    return agents.find((known) => known.id === agent)?.name ?? (agent || t("app.name"));
  };
}

/** A sign for an agent: its initial on its colour. The name stands beside it. */
export function AgentSign({ agent }: { agent: string }): ReactNode {
  const name = useAgentName()(agent);
  return (
    <span className="agent-sign" data-agent={agent} aria-hidden="true">
      {name.slice(0, 1)}
    </span>
  );
}
