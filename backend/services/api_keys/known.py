"""The keys that this worker has looked up, and how it looks up others: a bounded number, each once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cachetools import LRUCache, TTLCache

from backend.domain.api_keys import ApiKey
from backend.errors import Unauthenticated
from backend.services.api_keys.stores import KeyStore, LookUpLimits
from backend.services.identity import Principal

OWNERS = 10_000
KEYS = 50_000
KNOWN_S = 300.0
"""What is remembered is forgotten after this even where no change was announced."""
UNKNOWN = 50_000
UNKNOWN_S = 60.0
LOOK_UPS = 8
"""At once. The limit is asked inside, so that guesses sent all at once cannot all pass before one is counted."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    principal: Principal
    expires_at: datetime | None


@dataclass(eq=False, slots=True)
class _LookUp:
    """changed: users whose keys have changed since it began."""

    changed: set[str] = field(default_factory=set)


class KnownKeys:
    """clock: seconds since the epoch."""

    def __init__(self, keys: KeyStore, limits: LookUpLimits, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._limits = limits
        self._owners: LRUCache[str, str] = LRUCache(KEYS)
        self._known: TTLCache[str, dict[str, KnownKey]] = TTLCache(OWNERS, KNOWN_S, timer=clock)
        self._unknown: TTLCache[str, bool] = TTLCache(UNKNOWN, UNKNOWN_S, timer=clock)
        self._slots = asyncio.Semaphore(LOOK_UPS)
        self._looking: set[_LookUp] = set()

    async def find(self, key_hash: str, subject: str) -> KnownKey:
        """subject: what unknown keys are counted for. Raises Unauthenticated, RateLimited."""
        if known := self._remembered(key_hash):
            return known
        async with self._slots:
            return self._remembered(key_hash) or await self._look_up(key_hash, subject)

    def forget(self, user_id: str) -> None:
        """The user's keys have changed."""
        self._known.pop(user_id, None)
        for looking in self._looking:
            looking.changed.add(user_id)

    def _remembered(self, key_hash: str) -> KnownKey | None:
        if key_hash in self._unknown:
            raise refused()
        owner = self._owners.get(key_hash)
        return self._known.get(owner, {}).get(key_hash) if owner else None

    async def _look_up(self, key_hash: str, subject: str) -> KnownKey:
        await self._limits.check_look_up(subject)
        looking = _LookUp()
        self._looking.add(looking)
        try:
            key = await self._keys.by_hash(key_hash)
            role = await self._keys.owner_role(key.user_id) if key and not key.revoked_at else None
        finally:
            self._looking.discard(looking)
        if key is None or role is None:
            self._unknown[key_hash] = True
            if key is None:  # who still sends a key that was revoked does not guess
                await self._limits.record_unknown_key(subject)
            raise refused()
        known = KnownKey(Principal(key.user_id, role, "", key.grant), key.expires_at)
        if key.user_id not in looking.changed:
            self._remember(key, known)
        return known

    def _remember(self, key: ApiKey, known: KnownKey) -> None:
        self._owners[key.hash] = key.user_id
        self._known.setdefault(key.user_id, {})[key.hash] = known


def refused() -> Unauthenticated:
    return Unauthenticated("This API key is not valid, or it was revoked.", code="api_key_invalid")
