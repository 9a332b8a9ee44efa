"""The state of a team's question on its way, and the reply that can be made of it at any moment."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from backend.domain.conversations import Turn
from backend.domain.replies import AgentResponse, TeamReply
from backend.domain.savings import Savings, reuse_savings, saved_of
from backend.domain.usage import UsageRecord, format_usd, sum_known
from backend.services.budgets import Hold
from backend.services.enhanced_ai_service.asking import Attempt
from backend.services.enhanced_ai_service.calls import Emit
from backend.services.enhanced_ai_service.members import Member
from backend.services.enhanced_ai_service.outcomes import Bill
from backend.services.enhanced_ai_service.planning import Plan
from backend.services.enhanced_ai_service.requests import TeamAsk, Thread
from backend.services.enhanced_ai_service.turns import Ending
from backend.services.performance_cache import CachedAnswer

AGENTS_PERCENT = 70
"""Of the time and of the cost cap; the rest is kept for the synthesis."""


class Sink(Protocol):
    """Is told of a team run as it happens. agent None: the synthesis."""

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None: ...

    def agent_done(self, response: AgentResponse) -> None: ...


@dataclass(slots=True)
class TeamRun:
    """A team's question on its way. started and deadline are time.monotonic() instants. ending None: still open."""

    ask: TeamAsk
    thread: Thread
    turn: Turn
    members: list[Member]
    started: float
    deadline: float
    streaming: bool = False
    sink: Sink | None = None
    merging: Attempt | None = None
    merged: CachedAnswer | None = None
    merge_records: tuple[UsageRecord, ...] = ()
    ending: Ending[TeamReply] | None = None
    hold: Hold | None = None

    @property
    def sequential(self) -> bool:
        return self.ask.collaboration_mode == "sequential"

    @property
    def agents_deadline(self) -> float:
        return self.started + (self.deadline - self.started) * AGENTS_PERCENT / 100

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def heard(self) -> list[Member]:
        """Members whose answers the synthesis gets to see."""
        return [member for member in self.members if member.text]

    @property
    def records(self) -> list[UsageRecord]:
        return [*(record for member in self.members for record in member.records), *self.merge_records]

    @property
    def waiting(self) -> list[Member]:
        """Members that are still to be asked."""
        return [member for member in self.members if not member.stored and member.error is None]

    @property
    def planned(self) -> list[tuple[Member, Attempt]]:
        return [(member, member.attempt) for member in self.waiting if member.attempt]

    @property
    def shared(self) -> bool:
        """A stream relays its own tokens; whole answers are shared with identical requests in flight."""
        return self.ask.reusable and not self.streaming

    @property
    def enough(self) -> bool:
        answered = sum(member.status == "ok" for member in self.members)
        return self.ask.min_agents is not None and answered >= self.ask.min_agents

    @property
    def cost_share(self) -> int | None:
        """Pico-dollars of the cap for each agent, None without a cap."""
        if self.ask.max_cost is None:
            return None
        return self.ask.max_cost * AGENTS_PERCENT // 100 // len(self.ask.agents)

    @property
    def cost_left(self) -> int | None:
        """Pico-dollars of the cap that the agents have left for the synthesis, None without a cap."""
        if self.ask.max_cost is None:
            return None
        return self.ask.max_cost - sum(member.bill.cost or 0 for member in self.members)

    @property
    def baseline(self) -> int | None:
        """Pico-dollars that the baseline model would have cost, reused answers included."""
        reused = self.merged.baseline if self.merged else 0
        merge = Bill.of(self.merge_records).baseline if self.merge_records else reused
        return sum_known([*(member.baseline for member in self.members), merge])

    @property
    def reused(self) -> Savings:
        """What it saved that answers were there already, the synthesis included."""
        parts = [member.reused for member in self.members]
        if self.merged and not self.merge_records:
            parts.append(reuse_savings(self.merged.cost, self.merged.baseline))
        return Savings(sum(part.routing for part in parts), sum(part.cache for part in parts))

    def attempt(self, plan: Plan, *, purpose: str, deadline: float, emit: Emit | None) -> Attempt:
        """deadline: time.monotonic() instant."""
        return Attempt(
            user_id=self.ask.user_id,
            plan=plan,
            key=plan.flight_key if self.shared else f"{self.turn.request_id}:{plan.agent.id}",
            deadline=deadline,
            reusable=self.ask.reusable,
            shared=self.shared,
            purpose=purpose,
            correlation_id=self.ask.correlation_id,
            emit=emit,
        )

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None:
        if self.sink:
            self.sink.token(content, reasoning, agent)

    @property
    def finish_reason(self) -> str:
        """Of the synthesis, or of the one answer that needed none."""
        answer = self.merged or next((member.answer for member in self.heard), None)
        return answer.finish_reason if answer else "stop"

    def reply(self, finish_reason: str, partial_text: str = "") -> TeamReply:
        """partial_text: what there is of a synthesis that was stopped."""
        heard = self.heard
        bill = Bill.of(self.records)
        return TeamReply(
            synthesized_response=self._text() or partial_text,
            individual_responses=tuple(member.response for member in self.members),
            agents_used=tuple(member.agent for member in heard),
            total_cost=format_usd(bill.cost),
            baseline_cost=format_usd(self.baseline),
            saved=format_usd(saved_of(bill.cost, self.baseline)),
            total_tokens=bill.usage.total,
            response_time=round(self.seconds, 4),
            cached=bool(heard) and finish_reason != "cancelled" and not self.records,
            conversation_id=self.turn.conversation_id,
            message_id=self.turn.message_id,
            request_id=self.turn.request_id,
            timestamp=datetime.now(UTC),
            finish_reason=finish_reason,
            synthesis_model=self._synthesis_model(),
            usage_estimated=bill.estimated,
            context_omitted=max((m.attempt.plan.omitted for m in self.members if m.attempt), default=0),
        )

    def _text(self) -> str | None:
        if self.merged:
            return self.merged.content
        return self.heard[0].text if len(self.heard) == 1 and not self.merging else None

    def _synthesis_model(self) -> str | None:
        if self.merged:
            return self.merged.model
        return self.merging.plan.model.id if self.merging else None
