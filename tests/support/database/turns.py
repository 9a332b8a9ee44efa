"""Turns and their outcomes, with defaults that a test overrides where it matters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.ids import new_id
from backend.domain.usage import TokenUsage, UsageRecord

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MODEL = "openai/gpt-oss-20b"
COST = 12_345_678_901
BASELINE = 23_456_789_012


def make_turn(user_id: str = "user_ada", conversation_id: str | None = None, **changes: object) -> Turn:
    """Of a new conversation, or the next one of an existing conversation."""
    turn = Turn(
        user_id=user_id,
        conversation_id=conversation_id or new_id("conv"),
        request_id=new_id("req"),
        user_message_id=new_id("msg"),
        message_id=new_id("msg"),
        parent_id=None,
        content="What is a keyset?",
        agent="dev",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=2),
        title=None if conversation_id else "What is a keyset?",
    )
    return replace(turn, **changes)  # type: ignore[arg-type]


def make_call(call: int = 0, **changes: object) -> UsageRecord:
    record = UsageRecord(
        call=call,
        agent="dev",
        model=MODEL,
        usage=TokenUsage(prompt=100, cached_prompt=40, completion=50, reasoning=10),
        cost=COST,
        baseline=BASELINE,
        price_version="2026-01",
        latency_s=0.5,
        ttft_s=0.1,
        outcome="ok",
        purpose="answer",
        timestamp=NOW,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def make_outcome(*calls: UsageRecord, **changes: object) -> TurnOutcome:
    outcome = TurnOutcome(
        status="complete",
        content="A position in an order.",
        receipt={"cost": "0.012345678901", "model_used": MODEL, "tokens": {"prompt": 100}},
        finished_at=NOW + timedelta(seconds=1),
        calls=calls,
        cached=False,
        baseline=sum(call.baseline or 0 for call in calls),
        response_time_s=1.0,
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]
