"""What workers tell each other and must never miss: by the bus at once, from the database where the bus was deaf.

A name (a session that ended, a user whose keys changed) is durable in the database before it is announced. While the
bus is down, and after it was, each worker reads what was stored meanwhile. So every worker knows within a second in
every case but one: where the database is down, nothing can be changed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.redis_client import RedisUnavailable
from backend.services.tasks import end

POLL_S = 0.1
"""With the time that the bus takes to notice a dead connection (three pings, 0.75 s) less than a second."""
OVERLAP_S = 30.0
"""How far the clocks of two machines may differ, and then some."""

log = structlog.get_logger()


class Announcements(Protocol):
    @property
    def connected(self) -> bool: ...

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> None: ...

    def on_gap(self, handler: Callable[[], None]) -> None: ...

    async def publish(self, channel: str, payload: bytes) -> None:
        """Raises RedisUnavailable."""
        ...


class Changes:
    """Construct it before the bus starts. clock: seconds since the epoch. history_s: what the start reads.

    stored_since: the names that were stored at or after an instant. learn: told each name, some more than once.
    """

    def __init__(
        self,
        channel: str,
        bus: Announcements,
        *,
        stored_since: Callable[[datetime], Awaitable[Iterable[str]]],
        learn: Callable[[str], None],
        clock: Callable[[], float],
        history_s: float = 0.0,
        poll_s: float = POLL_S,
    ) -> None:
        self._channel = channel
        self._bus = bus
        self._stored_since = stored_since
        self._learn = learn
        self._clock = clock
        self._poll_s = poll_s
        self._missed = asyncio.Event()
        self._known_until = clock() - history_s
        self._follower: asyncio.Task[None] | None = None
        bus.subscribe(channel, lambda payload: learn(payload.decode(errors="replace")))
        bus.on_gap(self._missed.set)

    async def start(self) -> None:
        """Raises DatabaseUnavailable: a worker that does not know what has changed must not answer."""
        await self._catch_up()
        self._follower = asyncio.create_task(self._follow(), name=self._channel)

    async def close(self) -> None:
        await end(self._follower)

    async def announce(self, name: str) -> None:
        """What is stored already: in this worker, then to the others."""
        self._learn(name)
        try:
            await self._bus.publish(self._channel, name.encode())
        except RedisUnavailable:
            log.warning("change_not_announced", channel=self._channel)

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
                log.warning("changes_unknown", channel=self._channel)
                await asyncio.sleep(self._poll_s)

    async def _catch_up(self) -> None:
        asked_at = self._clock()
        since = datetime.fromtimestamp(self._known_until, UTC) - timedelta(seconds=OVERLAP_S)
        for name in await self._stored_since(since):
            self._learn(name)
        self._known_until = asked_at


class Following:
    """A state that is stored once and copied by every worker: read at the start, at each change, and every so often.

    Construct it before the bus starts. look: reads what is stored. hearing_s, deaf_s: the longest between two looks,
    where the bus works and where it does not.
    """

    def __init__(
        self,
        channel: str,
        bus: Announcements,
        look: Callable[[], Awaitable[object]],
        *,
        hearing_s: float,
        deaf_s: float,
    ) -> None:
        self._channel = channel
        self._bus = bus
        self._look = look
        self._hearing_s, self._deaf_s = hearing_s, deaf_s
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(channel, lambda _: self._changed.set())
        bus.on_gap(self._changed.set)

    async def start(self) -> None:
        """Raises DatabaseUnavailable, DeadlineExceeded: a worker must not go by another state than the others."""
        await self._look()
        self._task = asyncio.create_task(self._run(), name=self._channel)

    async def close(self) -> None:
        await end(self._task)

    async def announce(self) -> None:
        """What is stored already: in force here on return, on the other workers within a second."""
        await self._look()
        try:
            await self._bus.publish(self._channel, b"")
        except RedisUnavailable:
            log.warning("change_not_announced", channel=self._channel)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._hearing_s if self._bus.connected else self._deaf_s):
                    await self._changed.wait()
            self._changed.clear()
            with suppress(DatabaseUnavailable, DeadlineExceeded):
                await self._look()
