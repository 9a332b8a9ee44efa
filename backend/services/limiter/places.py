"""Requests at once per user: counted in this worker before anything is done, and over all workers with the admission.

In Redis a running request is a member of a set, with an instant after which it counts no more; so what a crash leaves
behind is forgotten. Members are given back by a task of their own: nobody's answer waits for it.
"""

import asyncio
from collections import Counter, defaultdict
from types import TracebackType

from backend.domain.ids import new_id
from backend.errors import RateLimited
from backend.services.limiter.window import Place
from backend.services.redis_client import RedisClient, RedisUnavailable
from backend.services.tasks import end

RETRY_AFTER_S = 1.0
RELEASE_AGAIN_S = 0.5
MARGIN_S = 60.0
FORGOTTEN = 100_000


class Slot:
    """One of a user's requests at once, until it is released; as a context manager, until the end of the block.

    shared: held in Redis too, or perhaps: then it has to be given back.
    """

    def __init__(self, places: "Places", user_id: str) -> None:
        self._places = places
        self._released = False
        self.user_id = user_id
        self.id = new_id("slot")
        self.shared = False

    def place(self, lifetime_s: float) -> Place | None:
        """To be asked for over all workers; None where there is no limit. lifetime_s: the longest that it may take."""
        if self._places.limit is None:
            return None
        self.shared = True  # until Redis says otherwise: its answer may be lost
        return Place(self._places.key(self.user_id), self.id, self._places.limit, lifetime_s + MARGIN_S)

    def release(self) -> None:
        """Once; what comes later is ignored."""
        if not self._released:
            self._released = True
            self._places.leave(self)

    def __enter__(self) -> "Slot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Places:
    """limit: requests at once per user, None for no bound. Owns its task between start and close."""

    def __init__(self, redis: RedisClient, limit: int | None) -> None:
        self.limit = limit
        self._redis = redis
        self._running: Counter[str] = Counter()
        self._left: dict[str, str] = {}
        self._anything = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="places")

    async def close(self) -> None:
        """Gives back what is left, unless Redis is away: then it expires."""
        await end(self._task)
        await self._give_back()

    def key(self, user_id: str) -> str:
        return self._redis.key(user_id, "limit", "running")

    def enter(self, user_id: str) -> Slot:
        """Raises RateLimited (too_many_concurrent) where this worker alone has too many."""
        if self.limit is not None and self._running[user_id] >= self.limit:
            raise too_many(self.limit)
        self._running[user_id] += 1
        return Slot(self, user_id)

    def leave(self, slot: Slot) -> None:
        self._running[slot.user_id] -= 1
        if not self._running[slot.user_id]:
            del self._running[slot.user_id]
        if slot.shared and len(self._left) < FORGOTTEN:  # beyond that Redis is away, and they expire there
            self._left[slot.id] = slot.user_id
            self._anything.set()

    async def _run(self) -> None:
        while True:
            await self._anything.wait()
            self._anything.clear()
            if not await self._give_back():
                await asyncio.sleep(RELEASE_AGAIN_S)
                self._anything.set()

    async def _give_back(self) -> bool:
        """Of all users at once. False: Redis is away."""
        by_user: defaultdict[str, list[str]] = defaultdict(list)
        for slot_id, user_id in self._left.items():
            by_user[user_id].append(slot_id)
        done = await asyncio.gather(*(self._remove(user_id, slots) for user_id, slots in by_user.items()))
        return all(done)

    async def _remove(self, user_id: str, slots: list[str]) -> bool:
        try:
            await self._redis.run(lambda redis: redis.zrem(self.key(user_id), *slots))
        except RedisUnavailable:
            return False
        for slot_id in slots:
            del self._left[slot_id]
        return True


def too_many(limit: int) -> RateLimited:
    return RateLimited(
        f"At most {limit} requests at once: wait until one has ended.",
        code="too_many_concurrent",
        limit="concurrency",
        retry_after=RETRY_AFTER_S,
    )
