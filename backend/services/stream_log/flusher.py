"""Flusher: writes the streams of this worker to Redis, batch by batch, and keeps their leases alive.

A stream that is read on another worker is written as it grows. One that is not is written with each sign of life:
whoever begins to read it elsewhere says so.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from backend.services.redis_client import RedisUnavailable
from backend.services.stream_log.events import StreamId
from backend.services.stream_log.store import StreamStore, Times
from backend.services.stream_log.writer import StreamWriter

BEATS_PER_LEASE = 3
AT_ONCE = 16
"""Few, so that tokens of other streams pass between the writes of a round."""
PAUSE_SHARE = 4  # the pause is so many times what the round took: at most a fifth of the time goes into flushing
PAUSE_MIN_S, PAUSE_MAX_S = 0.02, 0.25
KEPT_BYTES = 64 * 2**20


def pause_after(elapsed_s: float) -> float:
    return min(PAUSE_MAX_S, max(PAUSE_MIN_S, PAUSE_SHARE * elapsed_s))


class Flusher:
    """Holds this worker's writers until Redis has all of their events and nobody reads them here.

    While Redis is away an ended stream stays for `keep` seconds, and all of them together within KEPT_BYTES.
    """

    def __init__(self, store: StreamStore, times: Times, clock: Callable[[], float]) -> None:
        self._store = store
        self._keep_s = times.keep
        self._beat_s = times.lease / BEATS_PER_LEASE
        self._clock = clock
        self._wake = asyncio.Event()
        self.writers: dict[StreamId, StreamWriter] = {}

    def open(self, name: StreamId) -> StreamWriter:
        writer = self.writers[name] = StreamWriter(name, self.flush, self._wake.set, self._clock)
        self._wake.set()
        writer.written_at -= self._beat_s  # its lease is due at once
        return writer

    async def serve(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s()):  # not wait_for, which may lose a cancellation
                    await self._wake.wait()
            self._wake.clear()
            started = self._clock()
            due = [writer for writer in self.writers.values() if self._is_due(writer)]
            taken: list[bool] = []
            for first in range(0, len(due), AT_ONCE):
                taken += await asyncio.gather(*(self.flush(writer) for writer in due[first : first + AT_ONCE]))
            self._forget()
            await asyncio.sleep(pause_after(self._clock() - started) if all(taken) else PAUSE_MAX_S)

    async def flush(self, writer: StreamWriter) -> bool:
        """Writes what the writer has. False: Redis did not take it, a later round tries again."""
        async with writer.lock:
            goal = len(writer.buffer)
            writer.written_at = self._clock()
            try:
                await self._write(writer)
                while writer.stored < goal:
                    before = writer.stored
                    await self._write(writer)
                    if writer.stored <= before:  # Redis has lost what it had
                        break
            except RedisUnavailable:
                return False
            return True

    async def _write(self, writer: StreamWriter) -> None:
        batch = writer.buffer.batch(writer.stored)
        ends = writer.buffer.ended and writer.stored + len(batch) == len(writer.buffer)
        writer.took(await self._store.write(writer.name, writer.stored, batch, ends=ends, claim=writer.claim))

    def _patience_s(self) -> float | None:
        """How long the loop may sleep where no event comes."""
        return self._beat_s / 2 if self.writers else None

    def _is_due(self, writer: StreamWriter) -> bool:
        if writer.complete:
            return False
        if writer.dirty and (writer.followed or writer.buffer.ended):
            return True
        return self._clock() - writer.written_at >= self._beat_s

    def _forget(self) -> None:
        """Ended streams that Redis has, that are too old, or that are too many."""
        kept = 0
        for name, writer in reversed(tuple(self.writers.items())):
            if writer.closed_at is None or writer.buffer.readers:
                continue
            kept += writer.buffer.bytes
            if writer.complete or kept > KEPT_BYTES or self._clock() - writer.closed_at > self._keep_s:
                del self.writers[name]
