"""The state of a team's question on its way, and the reply that can be made of it at any moment."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from backend.domain.conversations import Turn
from backend.domain.replies import AgentResponse, TeamReply
from backend.domain.usage import UsageRecord, format_usd, sum_known
from backend.services.enhanced_ai_service.asking import Attempt
from backend.services.enhanced_ai_service.members import Member
from backend.services.enhanced_ai_service.requests import TeamAsk, Thread
from backend.services.performance_cache import CachedAnswer

AGENTS_SHARE = 0.7
"""Of the time and of the cost cap; the rest is kept for the synthesis."""


class Sink(Protocol):
    """Is told of a team run as it happens. agent None: the synthesis."""

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None: ...

    def agent_done(self, response: AgentResponse) -> None: ...


@dataclass(slots=True)
class TeamRun:
    """A team's question on its way. started and deadline are time.monotonic() instants.

    stopped: the reply of a run that was cancelled; closing: the task that makes that reply durable.
    """

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
    merge_record: UsageRecord | None = None
    merge_cached: bool = False
    stopped: TeamReply | None = None
    closing: "asyncio.Task[None] | None" = None

    @property
    def sequential(self) -> bool:
        return self.ask.collaboration_mode == "sequential"

    @property
    def agents_deadline(self) -> float:
        return self.started + (self.deadline - self.started) * AGENTS_SHARE

    @property
    def records(self) -> list[UsageRecord]:
        records = [member.record for member in self.members if member.record]
        return [*records, self.merge_record] if self.merge_record else records

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
    def cost_left(self) -> int | None:
        """Pico-dollars of the cap that the agents have left for the synthesis, None without a cap."""
        if self.ask.max_cost is None:
            return None
        return self.ask.max_cost - sum(member.record.cost or 0 for member in self.members if member.record)

    @property
    def baseline(self) -> int | None:
        """Pico-dollars that the baseline model would have cost, reused answers included."""
        merge = self.merge_record.baseline if self.merge_record else self.merged.baseline if self.merged else 0
        return sum_known([*(member.baseline for member in self.members), merge])

    def token(self, content: str, reasoning: str = "", agent: str | None = None) -> None:
        if self.sink:
            self.sink.token(content, reasoning, agent)

    def reply(self, finish_reason: str, partial_text: str = "") -> TeamReply:
        """partial_text: what there is of a synthesis that was stopped."""
        heard = [member for member in self.members if member.text]
        merged = self.merged.content if self.merged else partial_text
        if len(heard) == 1 and not self.merging:
            merged = heard[0].text or ""
        records = self.records
        return TeamReply(
            synthesized_response=merged,
            individual_responses=tuple(member.response for member in self.members),
            agents_used=tuple(member.agent for member in heard),
            total_cost=format_usd(sum_known([record.cost for record in records])),
            baseline_cost=format_usd(self.baseline),
            total_tokens=sum(record.usage.total for record in records),
            response_time=round(time.monotonic() - self.started, 4),
            cached=bool(heard) and finish_reason == "stop" and not records,
            conversation_id=self.turn.conversation_id,
            message_id=self.turn.message_id,
            request_id=self.turn.request_id,
            timestamp=datetime.now(UTC),
            finish_reason=self.merged.finish_reason if self.merged else finish_reason,
            synthesis_model=self.merging.plan.model.id if self.merging else None,
            usage_estimated=any(record.estimated for record in records),
            context_omitted=max((m.attempt.plan.omitted for m in self.members if m.attempt), default=0),
        )
