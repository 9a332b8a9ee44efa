"""Who listens to what on this worker, and how the others hear of it."""

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager

import structlog

from backend.domain.updates import Update
from backend.errors import Overloaded, RateLimited
from backend.services.changes import Announcements
from backend.services.redis_client import RedisUnavailable
from backend.services.tasks import TaskOwner
from backend.services.updates.frames import READY_FRAME, RESYNC_FRAME, Frame, decode, encode, frame_of
from backend.services.updates.subscription import Subscription

CHANNEL = "updates"
ADMINS = "*admins"
"""A topic beside user ids, none of which has a star."""
STREAMS_PER_USER = 20
"""On one worker; the page needs one for all its tabs."""
HEARTBEAT_S = 15.0
CLOSE_S = 1.0
TOLD_AT_ONCE = 500
"""Updates in one message on the bus."""

log = structlog.get_logger()


class Updates:
    """Construct it before the bus starts. Updates are hints: one may be lost, and then resync follows.

    lifetime_s: how long a stream lasts. clock: seconds that only rise.
    """

    def __init__(
        self,
        bus: Announcements,
        *,
        lifetime_s: float,
        heartbeat_s: float = HEARTBEAT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._lifetime_s = lifetime_s
        self._heartbeat_s = heartbeat_s
        self._clock = clock
        self._tasks = TaskOwner()
        self._ended = self._closed = False
        self._topics: dict[str, set[Subscription]] = {}
        self._untold: list[tuple[str, Frame]] = []
        self._telling = False
        bus.subscribe(CHANNEL, self._received)
        bus.on_gap(self._missed)

    def tell(self, user_id: str, update: Update) -> None:
        """To all streams of a user, on every worker. Nobody waits for it. After the change is durable."""
        if self._closed:
            return
        self._untold.append((user_id, frame_of(update)))
        if not self._telling:
            self._telling = True
            self._tasks.spawn(self._publish())

    def tell_admins(self, update: Update) -> None:
        self.tell(ADMINS, update)

    async def follow(
        self, user_id: str, *, is_admin: bool, allowed: Callable[[], bool]
    ) -> AsyncGenerator[Frame | None, None]:
        """Frames from now on, the first one "ready"; None: a heartbeat is due.

        It ends after lifetime_s, with end(), or where the reader is not allowed any more, which is asked before
        every frame. Raises RateLimited (too_many_concurrent), Overloaded (draining).
        """
        ends_at = self._clock() + self._lifetime_s
        with self._subscribed(user_id, *([ADMINS] if is_admin else [])) as subscription:
            yield READY_FRAME
            while (left := ends_at - self._clock()) > 0:
                frame = await subscription.next(min(left, self._heartbeat_s))
                if subscription.ended or not allowed():
                    return
                yield frame

    def end(self) -> None:
        """This worker is to end: streams end, and their readers come back on another one."""
        self._ended = True
        for subscription in self._everybody():
            subscription.end()

    async def close(self) -> None:
        self.end()
        self._closed = True
        await self._tasks.close(CLOSE_S)

    @contextmanager
    def _subscribed(self, user_id: str, *more: str) -> Iterator[Subscription]:
        if self._ended:
            raise Overloaded("This worker is shutting down.", code="draining", retry_after=1)
        if len(self._topics.get(user_id, ())) >= STREAMS_PER_USER:
            raise RateLimited("Too many streams of updates at once.", code="too_many_concurrent", retry_after=30)
        subscription = Subscription()
        for topic in (user_id, *more):
            self._topics.setdefault(topic, set()).add(subscription)
        try:
            yield subscription
        finally:
            for topic in (user_id, *more):
                readers = self._topics[topic]
                readers.discard(subscription)
                if not readers:
                    del self._topics[topic]

    def _everybody(self) -> set[Subscription]:
        return set().union(*self._topics.values())

    async def _publish(self) -> None:
        """What is told while a message is on its way goes out together in the next one."""
        try:
            while self._untold:
                told, self._untold = self._untold[:TOLD_AT_ONCE], self._untold[TOLD_AT_ONCE:]
                await self._send(encode(told))
        finally:
            self._telling = False

    async def _send(self, payload: bytes) -> None:
        try:
            await self._bus.publish(CHANNEL, payload)
        except RedisUnavailable:
            self._received(payload)  # the streams of this worker at least
            log.debug("updates_not_announced", bytes=len(payload))

    def _received(self, payload: bytes) -> None:
        for topic, frame in decode(payload):
            for subscription in self._topics.get(topic, ()):
                subscription.put(frame)

    def _missed(self) -> None:
        """What other workers have told while the bus was away."""
        for subscription in self._everybody():
            subscription.put(RESYNC_FRAME)
