"""Turns as documents of messages, conversations and the ledger."""

from datetime import datetime, timedelta
from typing import Any

from bson import Int64, ObjectId

from backend.domain.conversations import PREVIEW_CHARACTERS, TEMPORARY_PERIOD, Turn, TurnOutcome
from backend.domain.search import week_of
from backend.domain.usage import UsageRecord
from backend.services.scalable_database import Document

UNSETTLED = "unsettled"
# The answer sorts after its question although both are written in one instant.
ANSWER_DELAY = timedelta(milliseconds=1)


def pico(amount: int | None) -> Int64 | None:
    """Money as BSON knows it: 64-bit integers (up to 9.2 million USD), None for an unknown amount."""
    return None if amount is None else Int64(amount)


def preview(role: str, content: str, at: datetime) -> Document:
    return {"role": role, "preview": content[:PREVIEW_CHARACTERS], "at": at}


def _message(turn: Turn) -> Document:
    return {
        "_id": ObjectId(),
        "conversation_id": turn.conversation_id,
        "user_id": turn.user_id,
        "request_id": turn.request_id,
        "part": 0,
    }


def question(turn: Turn, content: str) -> Document:
    return _message(turn) | {
        "message_id": turn.user_message_id,
        "role": "user",
        "parent_id": turn.parent_id,
        "content": content,
        "status": "complete",
        "agent": None,
        "created_at": turn.created_at,
        "completed_at": turn.created_at,
        "week": week_of(turn.created_at),
    }


def pending_answer(turn: Turn) -> Document:
    created_at = turn.created_at + ANSWER_DELAY
    return _message(turn) | {
        "message_id": turn.message_id,
        "role": "assistant",
        "parent_id": turn.user_message_id,
        "content": "",
        "status": "pending",
        "agent": turn.agent,
        "created_at": created_at,
        "completed_at": None,
        "week": week_of(created_at),
        "expires_at": turn.expires_at,
    }


def finished_fields(outcome: TurnOutcome) -> Document:
    return {
        "content": outcome.content,
        "status": outcome.status,
        "completed_at": outcome.finished_at,
        "receipt": dict(outcome.receipt),
        "responses": [dict(response) for response in outcome.responses],
        "reasoning": outcome.reasoning,
    }


def finished_answer(turn: Turn, outcome: TurnOutcome) -> Document:
    document = pending_answer(turn)
    del document["expires_at"]
    return document | finished_fields(outcome)


def new_conversation(turn: Turn, title: str, message_count: int) -> Document:
    limited = {"purge_at": turn.created_at + TEMPORARY_PERIOD} if turn.temporary else {}
    return limited | {
        "_id": turn.conversation_id,
        "user_id": turn.user_id,
        "title": title,
        "agent_type": turn.agent,
        "state": "temporary" if turn.temporary else "kept",
        "temporary": turn.temporary,
        "archived": False,
        "pinned": False,
        "folder_id": None,
        "message_count": message_count,
        "last_message_id": None,
        "last_message": preview("user", turn.content or "", turn.created_at),
        "cost": Int64(0),
        "created_at": turn.created_at,
        "updated_at": turn.created_at,
    }


def ledger_record(turn: Turn, record: UsageRecord) -> Document:
    return {
        "_id": ObjectId(),
        "user_id": turn.user_id,
        "request_id": turn.request_id,
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
    } | call_fields(record)


def call_fields(record: UsageRecord) -> Document:
    """What the ledger says of a call, whoever it was for."""
    return {
        "call": record.call,
        "agent": record.agent,
        "model": record.model,
        "purpose": record.purpose,
        "prompt": record.usage.prompt,
        "cached_prompt": record.usage.cached_prompt,
        "completion": record.usage.completion,
        "reasoning": record.usage.reasoning,
        "cost": pico(record.cost),
        "baseline": pico(record.baseline),
        "saved": pico(record.saved),
        "reported_cost": pico(record.reported_cost),
        "price_version": record.price_version,
        "response_time": record.latency_s,
        "ttft": record.ttft_s,
        "outcome": record.outcome,
        "estimated": record.estimated,
        "attempts": record.attempts,
        "fallback_from": list(record.fallback_from),
        "timestamp": record.timestamp,
    }


def unsettled_record(message: dict[str, Any], model: str) -> Document:
    """For a turn that a crash left open: whether it was called for upstream, and at what cost, nobody knows."""
    names = ("user_id", "request_id", "conversation_id", "message_id", "agent")
    return {name: message[name] for name in names} | {
        "_id": ObjectId(),
        "call": 0,
        "model": model,
        "purpose": "answer",
        "prompt": 0,
        "cached_prompt": 0,
        "completion": 0,
        "reasoning": 0,
        "cost": None,
        "baseline": None,
        "saved": None,
        "reported_cost": None,
        "price_version": None,
        "response_time": 0.0,
        "ttft": None,
        "outcome": UNSETTLED,
        "estimated": False,
        "attempts": 0,
        "fallback_from": [],
        "timestamp": message["created_at"],
    }
