"""StreamWriter: the writing end of one stream, in the worker that produces it."""

import asyncio
from collections.abc import Awaitable, Callable

from backend.services.stream_log.buffer import EventBuffer
from backend.services.stream_log.events import INTERRUPTED, StreamId
from backend.services.stream_log.store import Written


class StreamWriter:
    """Events are readable here at once and elsewhere as soon as they are in Redis.

    stored: how many of them Redis has. followed: they are read on another worker.
    claim: the Redis key by which this stream leads for an answer key.
    """

    def __init__(
        self,
        name: StreamId,
        flush: "Callable[[StreamWriter], Awaitable[object]]",
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.buffer = EventBuffer()
        self.cancelled = asyncio.Event()
        self.lock = asyncio.Lock()
        self.stored = 0
        self.followed = False
        self.claim: str | None = None
        self.closed_at: float | None = None
        self.written_at = clock()
        self._flush = flush
        self._wake = wake
        self._clock = clock
        self._attended_at = clock()

    @property
    def dirty(self) -> bool:
        return self.stored < len(self.buffer)

    @property
    def complete(self) -> bool:
        """Ended, and all of it in Redis."""
        return self.closed_at is not None and not self.dirty

    def append(self, event: str, data: bytes) -> int:
        """The event's id. Never waits. After the event that ended the stream nothing is added."""
        if not self.buffer.ended:
            self.buffer.append(event, data)
            if self.followed or self.buffer.ended:
                self._wake()
        return len(self.buffer)

    def follow(self) -> None:
        """Somebody reads it on another worker from now on: it is written at once, and as it grows."""
        self.followed = True
        self._wake()

    async def abandoned(self, grace_s: float) -> None:
        """Returns when nobody, on any worker, has read the stream for grace_s seconds."""
        self._attended_at = self._clock()
        while True:
            left_s = None if self.buffer.readers else self._attended_at + grace_s - self._clock()
            try:
                async with asyncio.timeout(left_s):  # not wait_for, which may lose a cancellation
                    await self.buffer.attendance.wait()
                self._attended_at = self._clock()  # somebody came or went
            except TimeoutError:
                await self._flush(self)  # asks Redis once more for readers elsewhere
                if self._clock() >= self._attended_at + grace_s and not self.buffer.readers:
                    return

    async def close(self) -> None:
        """Flushes, as far as Redis lets it at once; what is left is flushed in the background."""
        if not self.buffer.ended:
            self.append("error", INTERRUPTED)
        self.closed_at = self._clock()
        await self._flush(self)

    def took(self, written: Written) -> None:
        """What Redis said to the last write."""
        self.stored = min(written.last, len(self.buffer))
        if written.readers or self.followed:  # the grace begins when they are seen to have gone
            self._attended_at = self._clock()
        self.followed = written.readers > 0
        if written.cancelled:
            self.cancelled.set()
