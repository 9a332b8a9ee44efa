/** Who is asked: the agent that fits, a certain one, all five, or the quick mode. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Agent, StreamBody } from "@/api/chat";
import type { LiveMode } from "@/chat/live-answer";
import { useApi } from "@/session/context";
import { readSetting, writeSetting } from "@/theme";

/** "auto", "team", "quick", an agent's id, or "team:" and the ids of those who are asked this once. */
export type Target = string;

const SETTING = "aether.target";
const CHECKED = "aether.checked";
const CHOSEN = "team:";

/** A team of some agents. It is for one question: the next one goes to whom the user has chosen before. */
export function chosenTeam(agents: readonly string[]): Target {
  return `${CHOSEN}${agents.join(",")}`;
}

/** Who is in a chosen team; null for every other target. */
export function membersOf(target: Target): string[] | null {
  return target.startsWith(CHOSEN) ? target.slice(CHOSEN.length).split(",") : null;
}

/** What stays when a question has been asked. */
export function lastingTarget(target: Target): Target {
  return membersOf(target) ? (readSetting(SETTING) ?? "auto") : target;
}

export function useTarget(): [Target, (target: Target) => void] {
  const [target, setTarget] = useState<Target>(() => readSetting(SETTING) ?? "auto");
  const choose = (next: Target): void => {
    if (!membersOf(next)) writeSetting(SETTING, next);
    setTarget(next);
  };
  return [target, choose];
}

/** Whether a small model's answers are to be checked, in this browser. */
export function useChecked(): [boolean, (checked: boolean) => void] {
  const [checked, setChecked] = useState(() => readSetting(CHECKED) === "true");
  const choose = (next: boolean): void => {
    writeSetting(CHECKED, String(next));
    setChecked(next);
  };
  return [checked, choose];
}

/** What checking adds to the body of a question: teams and the quick mode are not checked. */
export function checkedBody(target: Target, checked: boolean): Partial<StreamBody> {
  return checked && modeOf(target) === "single" ? { cascade: true } : {};
}

export function modeOf(target: Target): LiveMode {
  if (membersOf(target)) return "team";
  return target === "team" || target === "quick" ? target : "single";
}

/** What a question to this target adds to its body. */
export function targetBody(target: Target): Partial<StreamBody> {
  const agents = membersOf(target);
  if (agents) return { mode: "multi-agent", agents };
  if (target === "quick") return {};
  return target === "team" ? { mode: "multi-agent" } : { agent_type: target };
}

/** The roster. It changes with the server's version only. */
export function useAgents(): Agent[] {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["agents"],
    queryFn: ({ signal }) => api.get<{ agents: Agent[] }>("/api/ai/v4/agents/available", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data?.agents ?? [];
}
