"""Conversations, messages and turns as the services pass them around."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from backend.domain.savings import NOTHING_SAVED, Savings
from backend.domain.usage import UsageRecord

Role = Literal["user", "assistant"]
MessageStatus = Literal["pending", "complete", "interrupted", "failed"]
ConversationState = Literal["kept", "temporary", "deleted"]
OPEN: tuple[ConversationState, ...] = ("kept", "temporary")
"""States in which a conversation can be read and continued; what is deleted waits for the end of its undo period."""
UNDO_PERIOD = timedelta(minutes=10)
TEMPORARY_PERIOD = timedelta(days=1)
TITLE_CHARACTERS = 60
PREVIEW_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class ContextItem:
    """One earlier message, as a model sees it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """preview: the beginning of its last message. temporary: in no list, and gone a day after it began."""

    id: str
    user_id: str
    title: str
    agent_type: str
    last_message_id: str | None
    message_count: int
    created_at: datetime
    updated_at: datetime
    pinned: bool = False
    archived: bool = False
    folder_id: str | None = None
    temporary: bool = False
    preview: str = ""


class ConversationChanges(TypedDict, total=False):
    """Fields of a Conversation that its owner sets; those that are not there stay as they are."""

    title: str
    pinned: bool
    archived: bool
    folder_id: str | None


@dataclass(frozen=True, slots=True)
class Folder:
    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """receipt: the reply without its text, as it was sent to the client; None for a user's message."""

    id: str
    conversation_id: str
    user_id: str
    role: Role
    parent_id: str | None
    content: str
    status: MessageStatus
    agent: str | None
    request_id: str
    created_at: datetime
    receipt: Mapping[str, Any] | None = None
    responses: tuple[Mapping[str, Any], ...] = ()
    reasoning: str | None = None

    @property
    def model(self) -> str | None:
        """That wrote the answer: of a team its synthesis, or the one answer that needed none. None: nobody knows."""
        names = ("model_used", "synthesis_model")
        receipt = self.receipt or {}
        written = (response.get("model_used") for response in self.responses if response.get("status") == "ok")
        return next((receipt[name] for name in names if receipt.get(name)), None) or next(written, None)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the answer it will get. Durable before the upstream call starts.

    content None: a regeneration, the user's message is stored already (parent_id is its id).
    title: set when the turn starts a conversation, which temporary is about. expires_at: past this instant a turn
    that is still pending belongs to a crashed process.
    """

    user_id: str
    conversation_id: str
    request_id: str
    user_message_id: str
    message_id: str
    parent_id: str | None
    content: str | None
    agent: str
    created_at: datetime
    expires_at: datetime
    title: str | None
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """How a turn ended. calls: every upstream call it caused. baseline in pico-dollars, cached answers included.

    reused: what answers that were reused have saved.
    """

    status: MessageStatus
    content: str
    receipt: Mapping[str, Any]
    finished_at: datetime
    calls: tuple[UsageRecord, ...] = ()
    cached: bool = False
    baseline: int | None = None
    reused: Savings = NOTHING_SAVED
    response_time_s: float = 0.0
    reasoning: str | None = None
    responses: tuple[Mapping[str, Any], ...] = ()


def title_of(message: str) -> str:
    """The first line of a message, shortened at a word: a conversation's title without an upstream call."""
    line = next((line.strip() for line in message.splitlines() if line.strip()), "")
    if len(line) <= TITLE_CHARACTERS:
        return line
    cut = line[:TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0].rstrip(" ,.;:") or cut) + "…"
