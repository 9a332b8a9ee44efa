import type { ReactNode } from "react";
import { isFailureReceipt, isTeamReceipt, type Receipt } from "@/api/chat";
import type { LiveTimes } from "@/chat/live-answer";
import type { AnswerView } from "@/chat/view";
import { useWords } from "@/i18n";
import { useQuantities } from "@/i18n/quantities";
import { useAgentName } from "@/pages/chat/agents";

/** Seconds from the question. */
interface Span {
  name: string;
  from: number;
  to: number;
}

/** When what happened: bars on a common time line, with the figures as text. */
export function Waterfall({ view }: { view: AnswerView }): ReactNode {
  const { t } = useWords();
  const { seconds } = useQuantities();
  const nameOf = useAgentName();
  const spans = spansOf(view.receipt, view.times, nameOf, t);
  const end = Math.max(...spans.map((span) => span.to), 0.001);
  if (spans.length === 0) return null;
  return (
    <table className="waterfall">
      <caption>{t("receipt.times")}</caption>
      <tbody>
        {spans.map(({ name, from, to }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="bar-cell">
              <span
                className="time-bar"
                style={{ marginLeft: `${(from / end) * 100}%`, width: `${Math.max(((to - from) / end) * 100, 0.5)}%` }}
              />
            </td>
            <td>{seconds(to - from)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Say = (
  key: "times.waiting" | "times.writing" | "times.saving" | "times.answer" | "times.synthesis" | "times.first",
) => string;

function spansOf(receipt: Receipt | null, times: LiveTimes | null, nameOf: (id: string) => string, t: Say): Span[] {
  if (receipt === null || isFailureReceipt(receipt)) return [];
  if (isTeamReceipt(receipt)) {
    const members = receipt.individual_responses.filter((part) => part.status === "ok" && !part.reused);
    const answered = Math.max(0, ...members.map((part) => part.response_time));
    return [
      ...members.map((part) => ({ name: nameOf(part.agent_type), from: 0, to: part.response_time })),
      { name: t("times.synthesis"), from: answered, to: receipt.response_time },
    ];
  }
  const [first, second] = receipt.calls ?? [];
  if (receipt.cascade?.escalated && first && second) {
    const handed = first.response_time;
    return [
      { name: t("times.first"), from: 0, to: handed },
      { name: t("times.answer"), from: handed, to: handed + second.response_time },
    ];
  }
  const { firstToken, lastToken, done } = times ?? {};
  if (firstToken === undefined || lastToken === undefined || done === undefined)
    return [{ name: t("times.answer"), from: 0, to: receipt.response_time }];
  return [
    { name: t("times.waiting"), from: 0, to: firstToken / 1000 },
    { name: t("times.writing"), from: firstToken / 1000, to: lastToken / 1000 },
    { name: t("times.saving"), from: lastToken / 1000, to: done / 1000 },
  ];
}
