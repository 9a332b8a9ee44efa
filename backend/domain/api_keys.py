"""API keys: what a program sends instead of a sign-in, and what it may do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from backend.domain.rates import Rate, rate_of

Scope = Literal["chat", "conversations:read", "conversations:write", "usage:read", "admin"]
SCOPES: Mapping[Scope, str] = MappingProxyType(
    {
        "chat": "ask questions, read and stop their streams, clear cached answers",
        "conversations:read": "list and search conversations and folders, read messages",
        "conversations:write": "change and delete conversations and folders",
        "usage:read": "read what was used and what it cost",
        "admin": "everything that administrators may do, as long as the owner is one",
    }
)
"""What each scope permits. Credentials and the account itself are for people who have signed in, whatever the scope."""
MAX_KEYS = 25
"""Per user, expired ones included."""


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """What a verified key permits. limit: its own, None for none beside its owner's."""

    id: str
    scopes: frozenset[Scope]
    limit: Rate | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """prefix: how the key begins, to tell keys apart. hash: SHA-256 of the key. limit: as people write it.

    revoked_at: what is left of the key then only tells that it is one no more.
    """

    id: str
    user_id: str
    name: str
    prefix: str
    hash: str = field(repr=False)
    scopes: tuple[Scope, ...]
    limit: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def grant(self) -> KeyGrant:
        return KeyGrant(self.id, frozenset(self.scopes), rate_of(self.limit) if self.limit else None)


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """None: as it is. limit "off": no limit of its own."""

    name: str | None = None
    scopes: tuple[Scope, ...] | None = None
    limit: str | None = None
