import { type ReactNode, useId, useState } from "react";
import {
  type CallReceipt,
  type ChatReceipt,
  isChatReceipt,
  isFailureReceipt,
  isTeamReceipt,
  type TeamReceipt,
} from "@/api/chat";
import { type AnswerView, costOf, modelOf } from "@/chat/view";
import { Icon } from "@/components/icon";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { useAgentName } from "@/pages/chat/agents";
import { Waterfall } from "@/pages/chat/waterfall";

interface Props {
  view: AnswerView;
  onFresh: (() => void) | null;
}

/** What the answer cost, in one line; the whole receipt opens below it. */
export function ReceiptLine({ view, onFresh }: Props): ReactNode {
  const { t } = useWords();
  const { money, seconds } = useQuantities();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { receipt } = view;
  const cost = costOf(receipt);
  if (!receipt || cost === undefined) return null;
  const model = modelOf(receipt).split("/").at(-1);
  const time = isFailureReceipt(receipt) ? undefined : seconds(receipt.response_time);
  const parts = [model, time, money(cost)].filter(Boolean);
  return (
    <>
      <button
        type="button"
        className="receipt-line"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span className="unseen">{t("receipt.show")}: </span>
        {parts.join(" · ")}
        <Icon name="chevronDown" />
      </button>
      <CacheNote view={view} onFresh={onFresh} />
      {open && (
        <div className="receipt" id={id}>
          <ReceiptDetails view={view} />
        </div>
      )}
    </>
  );
}

/** "Reused, 2 h old, saved $0.0003", with the way to a fresh answer. */
function CacheNote({ view, onFresh }: Props): ReactNode {
  const { t } = useWords();
  const { money, age, percent } = useQuantities();
  const { receipt } = view;
  if (!receipt || isFailureReceipt(receipt) || !receipt.cached) return null;
  const cache = isChatReceipt(receipt) ? receipt.cache : null;
  const reused = cache
    ? t("receipt.reused", { age: age(cache.age_s), saved: money(cache.saved) })
    : t("receipt.reused.team", { saved: money(receipt.saved ?? receipt.baseline_cost) });
  const text = cache?.layer === "coalesced" ? t("receipt.coalesced") : reused;
  const { question, similarity } = cache ?? {};
  return (
    <span className="cache-note">
      {text}
      {question && (
        <span className="soft"> {t("receipt.similar", { question, similarity: percent(similarity ?? 1) })}</span>
      )}
      {onFresh && (
        <button type="button" className="link" onClick={onFresh}>
          {t("receipt.afresh")}
        </button>
      )}
    </span>
  );
}

function ReceiptDetails({ view }: { view: AnswerView }): ReactNode {
  const { receipt } = view;
  return (
    <>
      <dl>
        {isChatReceipt(receipt) && <ChatRows receipt={receipt} />}
        {isTeamReceipt(receipt) && <TeamRows receipt={receipt} />}
        {isFailureReceipt(receipt) && <Entry name="cost">{receipt.cost}</Entry>}
      </dl>
      <Waterfall view={view} />
    </>
  );
}

type EntryName = "agent" | "model" | "why" | "tokens" | "cost" | "cache";

function Entry({ name, children }: { name: EntryName; children: ReactNode }): ReactNode {
  const { t } = useWords();
  return (
    <div>
      <dt>{t(`receipt.${name}`)}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ChatRows({ receipt }: { receipt: ChatReceipt }): ReactNode {
  const { t } = useWords();
  const { agent, tokens, routing, fallback_from: tried = [], calls = [] } = receipt;
  const counts = [
    t("receipt.tokens.text", { prompt: tokens.prompt, completion: tokens.completion }),
    tokens.reasoning > 0 && t("receipt.tokens.reasoning", { reasoning: tokens.reasoning }),
    tokens.cached_prompt > 0 && t("receipt.tokens.cached", { cached: tokens.cached_prompt }),
  ];
  return (
    <>
      <Entry name="agent">
        {agent.name}, {agent.role}
      </Entry>
      <Entry name="model">
        {receipt.model_used}
        {tried.length > 0 && <p>{t("receipt.fallback", { models: tried.join(", ") })}</p>}
      </Entry>
      <Entry name="why">
        {routing.reasons.map((reason) => (
          <p key={reason}>{reason}</p>
        ))}
        <Omitted count={receipt.context_omitted ?? 0} />
      </Entry>
      <Entry name="tokens">{counts.filter(Boolean).join(", ")}</Entry>
      <Costs cost={receipt.cost} baseline={receipt.baseline_cost} estimated={receipt.usage_estimated ?? false}>
        {calls.length > 1 && calls.map((call) => <Call key={`${call.purpose} ${call.model}`} call={call} />)}
      </Costs>
    </>
  );
}

function Call({ call }: { call: CallReceipt }): ReactNode {
  const { t } = useWords();
  const cost = call.cost === null ? t("receipt.unpriced") : `$${call.cost}`;
  return <p>{t("receipt.call", { model: call.model, tokens: call.tokens_used, cost })}</p>;
}

function TeamRows({ receipt }: { receipt: TeamReceipt }): ReactNode {
  const nameOf = useAgentName();
  const { number } = useWords();
  return (
    <>
      <Entry name="agent">{receipt.agents_used.map(nameOf).join(", ")}</Entry>
      {receipt.synthesis_model && <Entry name="model">{receipt.synthesis_model}</Entry>}
      <Entry name="tokens">{number(receipt.total_tokens)}</Entry>
      <Costs cost={receipt.total_cost} baseline={receipt.baseline_cost} estimated={receipt.usage_estimated ?? false} />
    </>
  );
}

interface CostsProps {
  cost: string | null;
  baseline: string | null;
  estimated: boolean;
  children?: ReactNode;
}

/** Exact to the last digit: this is the bill. */
function Costs({ cost, baseline, estimated, children }: CostsProps): ReactNode {
  const { t } = useWords();
  const exact = (usd: string | null): string => (usd === null ? t("receipt.unpriced") : `$${usd}`);
  return (
    <Entry name="cost">
      <p>
        {exact(cost)}
        {estimated && ` (${t("receipt.estimated")})`}
      </p>
      {children}
      {baseline !== null && <p>{t("receipt.baseline", { cost: exact(baseline) })}</p>}
    </Entry>
  );
}

function Omitted({ count }: { count: number }): ReactNode {
  const { t } = useWords();
  return count > 0 ? <p>{t("receipt.omitted", { count })}</p> : null;
}
