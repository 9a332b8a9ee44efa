"""Follower: streams that other workers write, copied here for as long as they are read here."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress

from backend.errors import AetherError, CacheUnavailable, NotFound
from backend.services.redis_client import RedisUnavailable
from backend.services.stream_log.buffer import EventBuffer
from backend.services.stream_log.events import StreamEvent, StreamId
from backend.services.stream_log.flusher import AT_ONCE, pause_after
from backend.services.stream_log.store import StreamStore, Times
from backend.services.tasks import TaskOwner

SIGNS_PER_PRESENCE = 3
FIRST_WRITE_S = 0.5
FIRST_LOOK_PAUSE_S = 0.05


class _Copy:
    """missing_since: when the writer was first found to be without a lease, or Redis to be away."""

    def __init__(self, name: StreamId) -> None:
        self.name = name
        self.buffer = EventBuffer()
        self.users = 0
        self.missing_since: float | None = None
        self.signed_at = float("-inf")
        self.lock = asyncio.Lock()


class Follower:
    """One loop looks for news of all copies; readers read the copies.

    tasks: owns what outlives a reader. announce: tells a stream's writer that it is read here from now on.
    """

    def __init__(
        self,
        store: StreamStore,
        times: Times,
        clock: Callable[[], float],
        tasks: TaskOwner,
        announce: Callable[[StreamId], Coroutine[None, None, None]],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._announce = announce
        self._patience_s = times.lease
        self._sign_s = times.presence / SIGNS_PER_PRESENCE
        self._clock = clock
        self._copies: dict[StreamId, _Copy] = {}
        self._wake = asyncio.Event()

    async def read(self, name: StreamId, after: int) -> AsyncGenerator[list[StreamEvent], None]:
        """As of EventBuffer. Raises NotFound, and CacheUnavailable where nobody can tell."""
        copy = self._copies.get(name) or self._copies.setdefault(name, _Copy(name))
        copy.users += 1
        try:
            await self._find(copy)
            if copy.users == 1:
                self._tasks.spawn(self._announce(name))
            self._wake.set()
            async with aclosing(copy.buffer.read(after)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            copy.users -= 1
            if not copy.users:
                self._copies.pop(name, None)
                self._tasks.spawn(self._leave(name))  # a server cancels whatever its response still waits for

    async def serve(self) -> None:
        while True:
            if not self._copies:
                self._wake.clear()
                await self._wake.wait()
            started = self._clock()
            copies = [copy for copy in self._copies.values() if not copy.buffer.ended]
            for first in range(0, len(copies), AT_ONCE):
                await asyncio.gather(*(self._look(copy) for copy in copies[first : first + AT_ONCE]))
            await asyncio.sleep(pause_after(self._clock() - started))

    async def _leave(self, name: StreamId) -> None:
        with suppress(RedisUnavailable):
            await self._store.leave(name)

    async def _find(self, copy: _Copy) -> None:
        """Returns when the stream is known. A stream that was opened just now may not be in Redis yet."""
        give_up_at = self._clock() + FIRST_WRITE_S
        reason: AetherError
        while not len(copy.buffer):
            try:
                if await self._fetch(copy):
                    return
                reason = NotFound("There is no such stream.")
            except RedisUnavailable:
                reason = CacheUnavailable("This stream cannot be looked up at the moment.", retry_after=1.0)
            if self._clock() >= give_up_at:
                raise reason
            await asyncio.sleep(FIRST_LOOK_PAUSE_S)

    async def _look(self, copy: _Copy) -> None:
        try:
            found = await self._fetch(copy)
        except RedisUnavailable:
            found = False
        now = self._clock()
        if found or copy.buffer.ended:
            copy.missing_since = None
        elif copy.missing_since is None:
            copy.missing_since = now
        elif now - copy.missing_since > self._patience_s:
            copy.buffer.interrupt()

    async def _fetch(self, copy: _Copy) -> bool:
        """Copies what is new. Whether the stream is there: its writer is alive or has just written."""
        async with copy.lock:
            now = self._clock()
            present = now - copy.signed_at >= self._sign_s
            if present:
                copy.signed_at = now
            fetched = await self._store.read(copy.name, len(copy.buffer), present=present)
            for event in fetched.events:
                copy.buffer.append(event.event, event.data)
            return fetched.alive or bool(fetched.events)
