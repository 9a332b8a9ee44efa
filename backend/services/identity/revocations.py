"""Ended sessions: each worker knows all that could still have a valid access token."""

import time
from collections.abc import Callable

from cachetools import TTLCache

from backend.services.changes import OVERLAP_S, POLL_S, Announcements, Changes
from backend.services.identity.stores import SessionStore
from backend.services.identity.tokens import ACCESS_LIFETIME_S

CHANNEL = "sessions-ended"
MAX_REMEMBERED = 1_000_000


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
        self._ended: TTLCache[str, bool] = TTLCache(MAX_REMEMBERED, ACCESS_LIFETIME_S + OVERLAP_S, timer=clock)
        self._changes = Changes(
            CHANNEL,
            bus,
            stored_since=sessions.revoked_since,
            learn=self._remember,
            clock=clock,
            history_s=ACCESS_LIFETIME_S,
            poll_s=poll_s,
        )

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ended

    async def start(self) -> None:
        """Raises DatabaseUnavailable: a worker that does not know which sessions ended must not answer."""
        await self._changes.start()

    async def close(self) -> None:
        await self._changes.close()

    async def revoke(self, user_id: str, session_id: str) -> None:
        """Durable, then in this worker, then announced."""
        await self._sessions.revoke(user_id, session_id)
        await self._changes.announce(session_id)

    async def revoke_all(self, user_id: str, *, keep: str | None = None) -> None:
        """Every session of the user but the one to keep."""
        for session_id in await self._sessions.revoke_all(user_id, keep=keep):
            await self._changes.announce(session_id)

    def _remember(self, session_id: str) -> None:
        self._ended[session_id] = True
