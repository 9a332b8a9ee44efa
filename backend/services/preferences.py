"""What users prefer, known to every worker without a query for each request, and anew within a second of a change.

MongoDB holds it; the bus says whose have changed. Where the bus is deaf nothing that is remembered is believed.
"""

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from cachetools import TTLCache

from backend.domain.instructions import Instructions
from backend.domain.preferences import RoutingPreferences, UserPreferences
from backend.services.changes import Announcements
from backend.services.redis_client import RedisUnavailable

CHANNEL = "preferences"
REMEMBERED = 10_000
KEPT_S = 300.0
"""The longest that a change can stay unknown whose announcement was lost without anybody's noticing."""

log = structlog.get_logger()


class PreferenceStore(Protocol):
    async def of(self, user_id: str) -> UserPreferences: ...

    async def change(
        self, user_id: str, instructions: Instructions | None = None, routing: RoutingPreferences | None = None
    ) -> UserPreferences: ...


class Preferences:
    """Construct it before the bus starts. clock: seconds, as time.monotonic counts them."""

    def __init__(
        self, store: PreferenceStore, bus: Announcements, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._bus = bus
        self._known: TTLCache[str, UserPreferences] = TTLCache(REMEMBERED, KEPT_S, timer=clock)
        self._changes = 0
        bus.subscribe(CHANNEL, lambda payload: self._forget(payload.decode(errors="replace")))
        bus.on_gap(self._forget_all)

    async def of(self, user_id: str) -> UserPreferences:
        """Raises DatabaseUnavailable, DeadlineExceeded where they are not remembered."""
        known = self._known.get(user_id) if self._bus.connected else None
        if known is not None:
            return known
        changes = self._changes
        found = await self._store.of(user_id)
        if changes == self._changes:  # else what was read may be older than a change that was announced meanwhile
            self._known[user_id] = found
        return found

    async def change(
        self, user_id: str, instructions: Instructions | None = None, routing: RoutingPreferences | None = None
    ) -> UserPreferences:
        """Replaces the parts that are given: in force here on return, on every worker within a second."""
        changed = await self._store.change(user_id, instructions, routing)
        self._forget(user_id)
        try:
            await self._bus.publish(CHANNEL, user_id.encode())
        except RedisUnavailable:
            log.warning("preferences_not_announced", user_id=user_id)
        return changed

    def _forget(self, user_id: str) -> None:
        self._changes += 1
        self._known.pop(user_id, None)

    def _forget_all(self) -> None:
        self._changes += 1
        self._known.clear()
