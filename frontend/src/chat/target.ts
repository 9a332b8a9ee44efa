/** Who is asked: the agent that fits, a certain one, all five, or the quick mode. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Agent, StreamBody } from "@/api/chat";
import type { LiveMode } from "@/chat/live-answer";
import { useApi } from "@/session/context";
import { readSetting, writeSetting } from "@/theme";

/** "auto", "team", "quick", or an agent's id. */
export type Target = string;

const SETTING = "aether.target";

export function useTarget(): [Target, (target: Target) => void] {
  const [target, setTarget] = useState<Target>(() => readSetting(SETTING) ?? "auto");
  const choose = (next: Target): void => {
    writeSetting(SETTING, next);
    setTarget(next);
  };
  return [target, choose];
}

export function modeOf(target: Target): LiveMode {
  return target === "team" || target === "quick" ? target : "single";
}

/** What a question to this target adds to its body. */
export function targetBody(target: Target): Partial<StreamBody> {
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
