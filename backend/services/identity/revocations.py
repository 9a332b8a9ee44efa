"""Ended sessions: each worker knows all that could still have a valid access token.

The bus tells the others at once. While it is down, and after it was, each worker asks the database instead, so an ended
session fails within a second everywhere in every case but one: where the database is down, none can be ended.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from cachetools import TTLCache

from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.identity.stores import Announcements, SessionStore
from backend.services.identity.tokens import ACCESS_LIFETIME_S
from backend.services.redis_client import RedisUnavailable
from backend.services.tasks import end

CHANNEL = "sessions-ended"
POLL_S = 0.1
"""With the time that the bus takes to notice a dead connection (three pings, 0.75 s) less than a second."""
OVERLAP_S = 30.0
"""How far the clocks of two machines may differ, and then some."""
MAX_REMEMBERED = 1_000_000

log = structlog.get_logger()


class Revocations:
    """Construct it before the bus starts. clock: seconds since the epoch."""

    def __init__(
        self,
        sessions: SessionStore,
        bus: Announcements,
        *,
        clock: Callable[[], float] = time.time,
        poll_s: float = POLL_S,
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._poll_s = poll_s
        self._ended: TTLCache[str, bool] = TTLCache(MAX_REMEMBERED, ACCESS_LIFETIME_S + OVERLAP_S, timer=clock)
        self._missed = asyncio.Event()
        self._known_until = clock() - ACCESS_LIFETIME_S
        self._follower: asyncio.Task[None] | None = None
        bus.subscribe(CHANNEL, lambda payload: self._remember(payload.decode(errors="replace")))
        bus.on_gap(self._missed.set)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ended

    async def start(self) -> None:
        """Raises DatabaseUnavailable: a worker that does not know which sessions ended must not answer."""
        await self._catch_up()
        self._follower = asyncio.create_task(self._follow(), name="revocations")

    async def close(self) -> None:
        await end(self._follower)

    async def revoke(self, user_id: str, session_id: str) -> None:
        """Durable, then in this worker, then announced."""
        await self._sessions.revoke(user_id, session_id)
        await self._announce(session_id)

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> None:
        """Every session of the user but the one to keep."""
        for session_id in await self._sessions.revoke_all(user_id, keep=keep):
            await self._announce(session_id)

    async def _announce(self, session_id: str) -> None:
        self._remember(session_id)
        try:
            await self._bus.publish(CHANNEL, session_id.encode())
        except RedisUnavailable:
            log.warning("revocation_not_announced", session_id=session_id)

    def _remember(self, session_id: str) -> None:
        self._ended[session_id] = True

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):  # not wait_for, which may lose a cancellation
                    await self._missed.wait()
            if self._bus.connected and not self._missed.is_set():
                continue
            self._missed.clear()
            try:
                await self._catch_up()
            except (DatabaseUnavailable, DeadlineExceeded):
                self._missed.set()
                log.warning("revocations_unknown")
                await asyncio.sleep(self._poll_s)

    async def _catch_up(self) -> None:
        asked_at = self._clock()
        since = datetime.fromtimestamp(self._known_until, UTC) - timedelta(seconds=OVERLAP_S)
        for session_id in await self._sessions.revoked_since(since):
            self._remember(session_id)
        self._known_until = asked_at
