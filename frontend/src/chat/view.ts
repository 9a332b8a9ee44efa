/** An answer as it is shown, whether it is stored or still arrives. */
import { useMemo, useSyncExternalStore } from "react";
import type { AgentReceipt, AgentResponse, Message, Receipt } from "@/api/chat";
import { isChatReceipt, isFailureReceipt, isTeamReceipt } from "@/api/chat";
import { Problem } from "@/api/problem";
import type { LiveAnswer, LiveMember, LiveTimes } from "@/chat/live-answer";
import { type Group, groupsOf } from "@/markdown/block-text";
import { useServices } from "@/session/context";

export interface MemberView {
  agent: string;
  groups: readonly Group[];
  tail: string;
  /** null: it is still answering. */
  receipt: AgentReceipt | null;
  begun: boolean;
}

export interface AnswerView {
  /** An agent's id, "team" or "quick"; empty while nobody has been chosen. */
  agent: string;
  state: "queued" | "waiting" | "streaming" | "elsewhere" | "complete" | "interrupted" | "failed";
  groups: readonly Group[];
  tail: string;
  /** The whole text, for copying. */
  text: string;
  reasoning: string;
  members: readonly MemberView[];
  receipt: Receipt | null;
  problem: Problem | null;
  times: LiveTimes | null;
}

/** One of the two is there; both while the answer is stored and this tab still has it. */
export function useAnswerView(message: Message | null, live: LiveAnswer | null): AnswerView {
  const { answers } = useServices();
  const version = useSyncExternalStore(live?.subscribe ?? nothing, () => live?.version ?? -1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a live answer is the same object while it changes
  return useMemo(() => {
    if (live && !(message && settled(message))) return ofLive(live);
    return message ? { ...ofMessage(message), times: answers.times.get(message.id) ?? null } : EMPTY;
  }, [message, live, version, answers]);
}

function nothing(): () => void {
  return () => undefined;
}

const EMPTY: AnswerView = {
  agent: "",
  state: "waiting",
  groups: [],
  tail: "",
  text: "",
  reasoning: "",
  members: [],
  receipt: null,
  problem: null,
  times: null,
};

function settled(message: Message): boolean {
  return message.status !== "pending";
}

function ofLive(live: LiveAnswer): AnswerView {
  const begun = live.text.length > 0 || live.members.size > 0 || live.reasoning !== "";
  const silent = live.waiting ? "queued" : "waiting";
  const running = begun ? "streaming" : silent;
  const ended = live.phase === "done" ? stateOf(live.receipt) : "failed";
  return {
    agent: live.mode === "single" ? (live.agent?.id ?? "") : live.mode,
    state: live.running ? running : ended,
    groups: live.text.groups,
    tail: live.text.tail,
    text: live.running ? "" : live.text.toString(),
    reasoning: live.reasoning,
    members: [...live.members].map(([agent, member]) => ofMember(agent, member)),
    receipt: live.receipt,
    problem: live.problem,
    times: live.times,
  };
}

function stateOf(receipt: Receipt | null): AnswerView["state"] {
  const stopped = receipt && "finish_reason" in receipt && receipt.finish_reason === "cancelled";
  return stopped ? "interrupted" : "complete";
}

function ofMember(agent: string, { text, response }: LiveMember): MemberView {
  const stored = response?.response && text.length === 0 ? groupsOf(response.response) : text.groups;
  return { agent, groups: stored, tail: text.tail, receipt: response, begun: text.length > 0 };
}

function ofMessage(message: Message): AnswerView {
  const { receipt, status } = message;
  return {
    ...EMPTY,
    agent: message.agent ?? "",
    state: status === "pending" ? "elsewhere" : status,
    groups: groupsOf(message.content),
    text: message.content,
    reasoning: message.reasoning ?? "",
    members: message.responses.map(ofResponse),
    receipt,
    problem: isFailureReceipt(receipt)
      ? new Problem(receipt.error.code, receipt.error.status, receipt.error.detail)
      : null,
  };
}

function ofResponse(response: AgentResponse): MemberView {
  const groups = groupsOf(response.response ?? "");
  return { agent: response.agent_type, groups, tail: "", receipt: response, begun: true };
}

/** What the answer cost; null where there is no price, undefined where there is no receipt. */
export function costOf(receipt: Receipt | null): string | null | undefined {
  if (isTeamReceipt(receipt)) return receipt.total_cost;
  return receipt ? receipt.cost : undefined;
}

export function modelOf(receipt: Receipt | null): string {
  if (isTeamReceipt(receipt)) return receipt.synthesis_model ?? "";
  return isChatReceipt(receipt) ? receipt.model_used : "";
}
