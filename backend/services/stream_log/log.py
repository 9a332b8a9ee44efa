"""StreamLog: streams of events that can be read, resumed and cancelled from any worker."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from secrets import token_hex
from weakref import WeakValueDictionary

from backend.errors import CacheUnavailable, NotFound
from backend.services.bus import Bus
from backend.services.redis_client import RedisClient, RedisUnavailable
from backend.services.stream_log.events import StreamEvent, StreamId
from backend.services.stream_log.flusher import Flusher
from backend.services.stream_log.follower import Follower
from backend.services.stream_log.store import StreamStore, Times
from backend.services.stream_log.writer import StreamWriter
from backend.services.tasks import TaskOwner

KEEP_S = 600.0
LEASE_S = 3.0
PRESENCE_S = 3.0
CANCEL_CHANNEL, FOLLOW_CHANNEL = "stream.cancel", "stream.follow"


class StreamLog:
    """keep_s: how long an ended stream stays readable. lease_s: when a silent writer counts as gone.

    presence_s: how long a worker that gives no sign still counts as one with readers.
    """

    def __init__(
        self,
        redis: RedisClient,
        bus: Bus,
        *,
        keep_s: float = KEEP_S,
        lease_s: float = LEASE_S,
        presence_s: float = PRESENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        times = Times(keep_s, lease_s, presence_s)
        self._store = StreamStore(redis, times, worker=token_hex(8))
        self._flusher = Flusher(self._store, times, clock)
        self._tasks = TaskOwner()
        self._follower = Follower(self._store, times, clock, self._tasks, self._announce_reader)
        self._leaders: WeakValueDictionary[str, StreamWriter] = WeakValueDictionary()
        self._bus = bus
        bus.subscribe(CANCEL_CHANNEL, self._on_cancel)
        bus.subscribe(FOLLOW_CHANNEL, self._on_follow)

    async def start(self) -> None:
        self._tasks.spawn(self._flusher.serve())
        self._tasks.spawn(self._follower.serve())

    async def close(self) -> None:
        """Streams that are still open end for readers elsewhere when their lease lapses."""
        await self._tasks.close(0)

    def create(self, user_id: str, stream_id: str) -> StreamWriter:
        return self._flusher.open(StreamId(user_id, stream_id))

    def read(self, user_id: str, stream_id: str, after: int = 0) -> AsyncGenerator[list[StreamEvent], None]:
        """Events with an id above `after`, as they come, up to `done` or `error`; those that are there come together.

        Raises NotFound for an unknown stream and another user's, CacheUnavailable where nobody can tell. A stream
        whose writer is gone ends with an error event (code stream_interrupted) that repeats the last id.
        """
        name = StreamId(user_id, stream_id)
        writer = self._flusher.writers.get(name)
        return self._follower.read(name, after) if writer is None else writer.buffer.read(after)

    async def cancel(self, user_id: str, stream_id: str) -> None:
        """Asks the writer, on whatever worker, to stop. Raises NotFound, CacheUnavailable."""
        name = StreamId(user_id, stream_id)
        if writer := self._flusher.writers.get(name):
            writer.cancelled.set()
            return
        try:
            live = await self._store.cancel(name)
            if live:
                await self._bus.publish(CANCEL_CHANNEL, _encoded(name))
        except RedisUnavailable as error:
            raise CacheUnavailable("This stream cannot be reached at the moment.", retry_after=1.0) from error
        if live is None:
            raise NotFound("There is no such stream.")

    async def claim(self, user_id: str, key: str, stream_id: str) -> str | None:
        """None: this stream, which create() has opened here, leads for the answer key until it is closed.

        Otherwise the id of the live stream that does. Redis away: among the streams of this worker.
        """
        claim = self._store.claim_key(user_id, key)
        writer = self._flusher.writers[StreamId(user_id, stream_id)]
        leader = self._leaders.get(claim)
        if leader is not None and leader is not writer and not leader.buffer.ended:
            return leader.name.stream_id
        self._leaders[claim] = writer
        with suppress(RedisUnavailable):
            leading = await self._store.claim(claim, stream_id)
            if leading != stream_id:
                return leading
        writer.claim = claim
        return None

    async def _announce_reader(self, name: StreamId) -> None:
        """Where the message is lost, the writer learns of its reader with its next write."""
        with suppress(RedisUnavailable):
            await self._bus.publish(FOLLOW_CHANNEL, _encoded(name))

    def _on_cancel(self, payload: bytes) -> None:
        if writer := self._flusher.writers.get(_decoded(payload)):
            writer.cancelled.set()

    def _on_follow(self, payload: bytes) -> None:
        if writer := self._flusher.writers.get(_decoded(payload)):
            writer.follow()


def _encoded(name: StreamId) -> bytes:
    return f"{name.stream_id} {name.user_id}".encode()


def _decoded(payload: bytes) -> StreamId:
    stream_id, _, user_id = payload.decode().partition(" ")
    return StreamId(user_id, stream_id)
