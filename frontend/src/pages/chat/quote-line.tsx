import type { ReactNode } from "react";
import type { CostRange, Quote } from "@/api/chat";
import { chosenTeam, type Target } from "@/chat/target";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { useAgentName } from "@/pages/chat/agents";

const LIKELY = 0.5;

interface Props<Known = Quote | null> {
  quote: Known;
  target: Target;
  onTarget(target: Target): void;
}

/** What the message would cost: model, cost from and to, seconds. Keeps its line while there is nothing to say. */
export function QuoteLine({ quote, target, onTarget }: Props): ReactNode {
  const { t } = useWords();
  const { seconds } = useQuantities();
  const range = useRange();
  if (!quote) return <div className="quote" />;
  const parts = [
    quote.agent?.name,
    quote.model.split("/").at(-1),
    range(quote.cost),
    t("quote.seconds", { seconds: seconds(quote.expected_seconds) }),
    quote.cache_likelihood >= LIKELY ? t("quote.cached") : undefined,
  ].filter(Boolean);
  return (
    <div className="quote">
      <p>
        <span className="unseen">{t("quote.label")}: </span>
        <span title={quote.reasons.join("\n")}>{parts.join(" · ")}</span>
      </p>
      <Worth quote={quote} target={target} onTarget={onTarget} />
    </div>
  );
}

/** Whether a team is worth its price, with both prices. Nobody is asked by it: a click chooses for this question. */
function Worth({ quote, target, onTarget }: Props<Quote>): ReactNode {
  const { t, number } = useWords();
  const nameOf = useAgentName();
  const range = useRange();
  const { verdict, agents, parts, gain, times } = quote.team_worth;
  const [one, team] = [range(quote.team_worth.one), range(quote.team_worth.team)];
  if (verdict === "one agent") {
    return target === "team" ? (
      <button type="button" className="link" onClick={() => onTarget("auto")}>
        {t("worth.one", { one, team })}
      </button>
    ) : null;
  }
  if (target === chosenTeam(agents)) return null;
  const named = parts.map((part) => t("worth.part", { agent: nameOf(part.agent), text: part.text }));
  const foreign = t("worth.foreign", { foreign: Math.round(gain * parts.length), count: parts.length });
  return (
    <p>
      {named.join(" · ")} · {foreign}
      <button type="button" className="link" onClick={() => onTarget(chosenTeam(agents))}>
        {t("worth.team", { agents: agents.map(nameOf).join(", "), team, one })}
        {times !== null && ` (${t("worth.times", { times: number(times) })})`}
      </button>
    </p>
  );
}

function useRange(): (cost: CostRange) => string {
  const { t } = useWords();
  const { money } = useQuantities();
  return ({ low, high }) => {
    if (low === null || high === null) return t("receipt.unpriced");
    return low === high ? money(low) : t("quote.cost", { low: money(low), high: money(high) });
  };
}
