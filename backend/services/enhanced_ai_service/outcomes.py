"""Turns finished calls and cache hits into replies, receipts and ledger entries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from backend.domain.conversations import MessageStatus, Turn, TurnOutcome
from backend.domain.replies import (
    AgentResponse,
    CacheUse,
    CallReceipt,
    ChatReply,
    QuickReply,
    Routing,
    TeamReply,
    Tokens,
)
from backend.domain.savings import NOTHING_SAVED, Savings, reuse_savings, saved_of
from backend.domain.usage import TokenUsage, UsageRecord, format_usd, sum_known
from backend.errors import AetherError
from backend.services.enhanced_ai_service.planning import Plan
from backend.services.performance_cache import CachedAnswer, Hit

Reply = ChatReply | QuickReply | TeamReply
TEXT_FIELDS = ("content", "synthesized_response", "reasoning")


def encode(reply: object) -> bytes:
    """A reply as it goes over the wire: JSON, times in UTC ending in Z."""
    return orjson.dumps(reply, option=orjson.OPT_UTC_Z)


def receipt_of(reply: ChatReply | TeamReply) -> dict[str, Any]:
    """The reply without its texts, as plain JSON values."""
    receipt: dict[str, Any] = orjson.loads(encode(reply))
    for name in TEXT_FIELDS:
        receipt.pop(name, None)
    for response in receipt.get("individual_responses", ()):
        response.pop("response", None)
    return receipt


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request consumed and costs. Amounts in pico-dollars, None as soon as one part is unpriced."""

    usage: TokenUsage
    cost: int | None
    baseline: int | None
    estimated: bool

    @classmethod
    def of(cls, calls: Sequence[UsageRecord]) -> "Bill":
        return cls(
            sum((call.usage for call in calls), TokenUsage()),
            sum_known([call.cost for call in calls]),
            sum_known([call.baseline for call in calls]),
            any(call.estimated for call in calls),
        )


def answered_reply(
    plan: Plan, turn: Turn, answer: CachedAnswer, calls: Sequence[UsageRecord], seconds: float
) -> ChatReply:
    """The reply to a question that was asked upstream for this very request."""
    reply = _reply(plan, turn, answer, Bill.of(calls), seconds, None)
    if not calls:
        return reply
    attempts, tried = calls[-1].attempts, calls[-1].fallback_from
    return replace(reply, attempts=attempts, fallback_from=tried, calls=tuple(map(_call, calls)))


def _call(record: UsageRecord) -> CallReceipt:
    return CallReceipt(
        model=record.model,
        purpose=record.purpose,
        outcome=record.outcome,
        tokens_used=record.usage.total,
        cost=format_usd(record.cost),
        response_time=round(record.latency_s, 4),
    )


def cached_reply(plan: Plan, turn: Turn, hit: Hit, seconds: float) -> ChatReply:
    """The reply from a reused answer: no tokens, no cost; the baseline is what the large model would have cost."""
    use = CacheUse(hit.layer, round(hit.age_s, 3), format_usd(hit.answer.cost), hit.question, hit.similarity)
    bill = Bill(TokenUsage(), 0, hit.answer.baseline, False)
    return _reply(plan, turn, hit.answer, bill, seconds, use)


def _reply(
    plan: Plan, turn: Turn, answer: CachedAnswer, bill: Bill, seconds: float, cache: CacheUse | None
) -> ChatReply:
    return ChatReply(
        content=answer.content,
        finish_reason=answer.finish_reason,
        agent=plan.agent_ref,
        model_used=answer.model,
        routing=_routing(plan, answer),
        tokens=Tokens.of(bill.usage),
        tokens_used=bill.usage.total,
        cost=format_usd(bill.cost),
        baseline_cost=format_usd(bill.baseline),
        saved=format_usd(saved_of(bill.cost, bill.baseline)),
        response_time=round(seconds, 4),
        cached=cache is not None,
        cache=cache,
        conversation_id=turn.conversation_id,
        message_id=turn.message_id,
        request_id=turn.request_id,
        timestamp=datetime.now(UTC),
        reasoning=answer.reasoning or "",
        usage_estimated=bill.estimated,
        context_omitted=plan.omitted,
        cascade=answer.cascade,
    )


def _routing(plan: Plan, answer: CachedAnswer) -> Routing:
    """With what became of it after the plan was made."""
    if answer.cascade is None:
        return plan.routing
    return replace(plan.routing, reasons=(*plan.routing.reasons, answer.cascade.reason))


def numbered(calls: Sequence[UsageRecord]) -> tuple[UsageRecord, ...]:
    """Each call of a request has its own number in the ledger."""
    return tuple(replace(record, call=number) for number, record in enumerate(calls))


def outcome_of(
    reply: ChatReply, calls: Sequence[UsageRecord], answer: CachedAnswer, status: MessageStatus = "complete"
) -> TurnOutcome:
    """What the turn log stores of a reply."""
    return TurnOutcome(
        status=status,
        content=reply.content,
        receipt=receipt_of(reply),
        finished_at=reply.timestamp,
        calls=numbered(calls),
        cached=reply.cached,
        baseline=answer.baseline,
        reused=reuse_savings(answer.cost, answer.baseline) if reply.cached else NOTHING_SAVED,
        response_time_s=reply.response_time,
        reasoning=reply.reasoning or None,
    )


def team_outcome(
    reply: TeamReply,
    calls: Sequence[UsageRecord],
    baseline: int | None,
    reused: Savings,
    status: MessageStatus = "complete",
) -> TurnOutcome:
    return TurnOutcome(
        status=status,
        content=reply.synthesized_response,
        receipt=receipt_of(reply),
        finished_at=reply.timestamp,
        calls=numbered(calls),
        cached=reply.cached,
        baseline=baseline,
        reused=reused,
        response_time_s=reply.response_time,
        responses=_plain(reply.individual_responses),
    )


def _plain(responses: Sequence[AgentResponse]) -> tuple[dict[str, Any], ...]:
    return tuple(orjson.loads(encode(responses)))


def failed_outcome(
    error: AetherError,
    calls: Sequence[UsageRecord],
    seconds: float,
    content: str = "",
    responses: Sequence[AgentResponse] = (),
) -> TurnOutcome:
    """A turn without an answer: the question is kept, and what was consumed is in the ledger.

    content: what had arrived. seconds: from the question to the failure.
    """
    bill = Bill.of(calls)
    return TurnOutcome(
        status="interrupted" if content else "failed",
        content=content,
        receipt={
            "error": {"code": error.code, "status": error.status, "detail": error.detail},
            "cost": format_usd(bill.cost),
            "tokens_used": bill.usage.total,
            "usage_estimated": bill.estimated,
        },
        finished_at=datetime.now(UTC),
        calls=numbered(calls),
        baseline=bill.baseline,
        response_time_s=seconds,
        responses=_plain(responses),
    )
