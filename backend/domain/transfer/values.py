"""A conversation from elsewhere, and the rules that make a tree of its messages, whatever its source says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.domain.conversations import MessageStatus, Role, title_of

MAX_TITLE_CHARACTERS = 200
MAX_CONTENT_CHARACTERS = 1_000_000
MAX_ID_CHARACTERS = 200
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
UNTITLED = "Untitled"
IMPORTED = "imported"
"""The agent_type of a conversation that none of our agents began."""


class NotTransferable(Exception):
    """reason: for the person whose conversation it is; it repeats nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TransferMessage:
    """id and parent_id: as the source has them."""

    id: str
    parent_id: str | None
    role: Role
    content: str
    created_at: datetime
    agent: str | None = None
    status: MessageStatus = "complete"


@dataclass(frozen=True, slots=True)
class TransferConversation:
    """messages: parents before their children, each later than its parent. last_message_id: the branch in use."""

    source_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[TransferMessage, ...]
    last_message_id: str
    agent_type: str = IMPORTED
    pinned: bool = False
    archived: bool = False


def clean_text(value: object, limit: int) -> str:
    """A string that every store can keep: without NUL and lone surrogates, cut at limit. "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def instant(value: object, otherwise: datetime) -> datetime:
    """Seconds since 1970, or ISO 8601; to the millisecond, as MongoDB keeps it. Anything else: the other."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC)
        else:
            return otherwise
        found = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
    whole = found.replace(microsecond=found.microsecond // 1000 * 1000)
    return whole if EARLIEST <= whole <= LATEST else otherwise


def title_from(value: object, messages: Sequence[TransferMessage]) -> str:
    title = clean_text(value, MAX_TITLE_CHARACTERS).strip()
    return title or next((title_of(message.content) for message in messages if message.content.strip()), UNTITLED)


def in_order(messages: Sequence[TransferMessage]) -> tuple[TransferMessage, ...]:
    """Parents first, each message later than its parent, so that time orders a branch too.

    A parent that is not there is none. Raises NotTransferable: no messages, an id twice, or messages in a circle.
    """
    by_id = {message.id: message for message in messages}
    if not messages:
        raise NotTransferable("It has no messages.")
    if len(by_id) != len(messages):
        raise NotTransferable("Two of its messages have the same id.")
    children: dict[str | None, list[TransferMessage]] = {}
    for message in messages:
        children.setdefault(message.parent_id if message.parent_id in by_id else None, []).append(message)
    placed: list[TransferMessage] = []
    waiting = [replace(root, parent_id=None) for root in reversed(children.get(None, []))]
    while waiting:
        message = waiting.pop()
        placed.append(message)
        earliest = message.created_at + TICK
        waiting += [
            replace(child, created_at=max(child.created_at, earliest))
            for child in reversed(children.get(message.id, []))
        ]
    if len(placed) != len(messages):
        raise NotTransferable("Its messages go in a circle.")
    return tuple(placed)


def path_to(parents: Mapping[str, str | None], tip: str | None) -> list[str]:
    """Ids from the first message down to the tip. A parent that is not there, or came before, ends it."""
    path: dict[str, None] = {}
    while tip is not None and tip in parents and tip not in path:
        path[tip] = None
        tip = parents[tip]
    return list(path)[::-1]


def field(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where it is something else."""
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}
