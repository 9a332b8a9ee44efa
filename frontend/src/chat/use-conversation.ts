/** Everything that a conversation's page does: its rows, asking, answering again, editing, branches, stopping. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Message, StreamBody } from "@/api/chat";
import type { LiveAnswer } from "@/chat/live-answer";
import { type LoadedMessages, mergeNewest, useMessages } from "@/chat/messages";
import { ROOT, type Row, rowsOf } from "@/chat/rows";
import { modeOf, type Target, targetBody } from "@/chat/target";
import { useServices } from "@/session/context";

export interface ConversationView {
  rows: Row[];
  loaded: LoadedMessages;
  /** The answer that is under way here. */
  live: LiveAnswer | null;
  ask(text: string, target: Target, more?: Partial<StreamBody>): void;
  /** Asks a question of the conversation differently: a branch beside it. */
  edit(question: Message, text: string, target: Target, more?: Partial<StreamBody>): void;
  /** Has an answer given anew; fresh: not from the cache. */
  regenerate(answer: Message, fresh: boolean): void;
  rerun(answer: Message, agent: string): Promise<void>;
  /** Shows another version of a message. */
  select(messageId: string): void;
  stop(): void;
  dismiss(): void;
}

export function useConversation(conversationId: string | null): ConversationView {
  const { api, answers } = useServices();
  const queries = useQueryClient();
  const all = useSyncExternalStore(answers.subscribe, answers.snapshot);
  const live = all.findLast((answer) => answer.conversationId === conversationId) ?? null;
  useSyncExternalStore(live?.subscribe ?? nothing, () => (live ? `${live.phase} ${live.messageId}` : ""));
  const loaded = useMessages(conversationId, live?.running ?? false);
  const [leaf, setLeaf] = useLeaf(conversationId);
  const { tree } = loaded;
  const messageId = live?.messageId ?? null;
  const running = live?.running ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a live answer is the same object while it changes
  const rows = useMemo(() => rowsOf(tree, leaf, live, answers.keys), [tree, leaf, live, messageId, running]);
  useEffect(() => {
    if (messageId) setLeaf(messageId);
  }, [messageId, setLeaf]);

  const last = tree.path(leaf).at(-1)?.message;
  const start = (target: Target, body: StreamBody): void => {
    if (live && !live.running) answers.dismiss(live);
    answers.ask(modeOf(target), body);
  };
  const here = conversationId ? { conversation_id: conversationId } : {};
  return {
    rows,
    loaded,
    live,
    ask: (text, target, more = {}) => {
      // The quick mode always continues the newest message.
      const branch = last && modeOf(target) !== "quick" ? { parent_id: last.id } : {};
      start(target, { message: text, ...targetBody(target), ...here, ...branch, ...more });
    },
    edit: (question, text, target, more = {}) => {
      const chosen = target === "quick" ? "auto" : target;
      start(chosen, { message: text, ...targetBody(chosen), ...here, parent_id: question.parent_id ?? ROOT, ...more });
    },
    regenerate: (answer, fresh) => {
      const question = tree.get(answer.parent_id ?? "");
      const common = { message: question?.content ?? "-", ...here, use_cache: !fresh };
      // A team's answer is asked for again with its question: one agent cannot stand in for it.
      if (answer.agent === "team")
        start("team", { ...common, mode: "multi-agent", parent_id: question?.parent_id ?? ROOT });
      else start("auto", { ...common, agent_type: agentOf(answer), regenerate_of: answer.id });
    },
    rerun: async (answer, agent) => {
      const path = `/api/ai/v4/chat/multi-agent/${answer.id}/agents/${agent}/rerun`;
      const headers = { "idempotency-key": crypto.randomUUID() };
      const reply = await api.post<{ message_id: string }>(path, undefined, { headers, deadline: RERUN_MS });
      await mergeNewest(queries, api, named(conversationId));
      setLeaf(reply.message_id);
    },
    select: (id) => setLeaf(tree.leafOf(id)),
    stop: () => live && void answers.stop(live).catch(() => undefined),
    dismiss: () => live && answers.dismiss(live),
  };
}

const RERUN_MS = 90_000;

function nothing(): () => void {
  return () => undefined;
}

function named(id: string | null): string {
  if (id === null) throw new Error("A team's answer is part of a conversation.");
  return id;
}

/** The agents that can be named; what the quick mode answered is answered again by whoever fits. */
function agentOf(answer: Message): string {
  return answer.agent === null || answer.agent === "quick" ? "auto" : answer.agent;
}

const leaves = new Map<string, string>();

/** The last message of the branch that is shown; undefined: the newest one. */
export function chosenLeaf(conversationId: string): string | undefined {
  return leaves.get(conversationId);
}

/** The chosen branch of each conversation, for as long as the tab lives. */
function useLeaf(conversationId: string | null): [string | null, (id: string) => void] {
  const [, changed] = useState(0);
  const set = useMemo(
    () => (id: string) => {
      if (conversationId === null || leaves.get(conversationId) === id) return;
      leaves.set(conversationId, id);
      changed((count) => count + 1);
    },
    [conversationId],
  );
  return [conversationId === null ? null : (leaves.get(conversationId) ?? null), set];
}
