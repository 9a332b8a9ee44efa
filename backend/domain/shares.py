"""Shares: snapshots of a branch that anybody with the link may read, until their owner takes them back."""

from dataclasses import dataclass
from datetime import datetime

from backend.domain.conversations import Role


@dataclass(frozen=True, slots=True)
class Share:
    """What its owner sees of it. The link itself is told once, when it is made."""

    id: str
    user_id: str
    conversation_id: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """What everybody sees: no ids, no receipt, nothing of its owner."""

    role: Role
    content: str
    agent: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    share: Share
    messages: tuple[SharedMessage, ...]
