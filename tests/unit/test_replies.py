"""Replies: what a shorter shape leaves out, and what it must not change."""

from dataclasses import fields
from datetime import UTC, datetime

from backend.domain.replies import AgentRef, ChatReply, QuickReply, Routing, Tokens
from backend.domain.usage import TokenUsage

USAGE = TokenUsage(prompt=10, cached_prompt=4, completion=7, reasoning=2)
REPLY = ChatReply(
    content="Good morning.",
    finish_reason="length",
    agent=AgentRef("quick", "Quick", "Assistant"),
    model_used="small",
    routing=Routing(0.0, "small", ("quick mode",)),
    tokens=Tokens.of(USAGE),
    tokens_used=USAGE.total,
    cost=None,
    baseline_cost="0.1",
    saved="0.05",
    response_time=0.5,
    cached=False,
    cache=None,
    conversation_id="conv_1",
    message_id="msg_1",
    request_id="req_1",
    timestamp=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_tokens_of_a_receipt_count_cached_and_reasoning_once() -> None:
    assert REPLY.tokens == Tokens(10, 4, 7, 2, 17)


def test_a_quick_reply_says_what_the_whole_reply_says() -> None:
    quick = QuickReply.of(REPLY)
    assert all(getattr(quick, field.name) == getattr(REPLY, field.name) for field in fields(QuickReply))
    assert quick.cost is None
