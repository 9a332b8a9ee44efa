"""The limit of chat requests per user: exact in Redis, bounded by leases where a worker does without it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from backend.errors import RateLimited
from backend.services.limiter.lease import Leases
from backend.services.limiter.window import SlidingWindow, WindowState
from backend.services.redis_client import RedisClient, RedisUnavailable


@dataclass(frozen=True, slots=True)
class RateState:
    """reset_s: seconds until the oldest counted request leaves the window and makes room for another."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """rate None: no limit, or Redis is away. stored: what was under the answer key, not yet verified."""

    rate: RateState | None
    stored: bytes | None


class ChatLimit:
    def __init__(self, redis: RedisClient, limit: int, window_s: int, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._window = SlidingWindow(redis, limit, window_s)
        self._leases = Leases(limit, window_s, clock)

    async def admit(self, user_id: str, answer_key: str | None) -> Admission:
        """One round trip; while Redis is away, from the lease. Raises RateLimited."""
        unsettled = self._leases.take_unsettled(user_id)
        granted = [(draw.id, self._leases.age(draw)) for draw in unsettled]
        try:
            state = await self._window.take(
                self._redis.key(user_id, "limit", "chat"), value_key=answer_key, granted=granted
            )
        except RedisUnavailable:
            self._leases.give_back(user_id, unsettled)
            return self._admit_from_lease(user_id)
        except asyncio.CancelledError:  # settled or not: by their ids they count once
            self._leases.give_back(user_id, unsettled)
            raise
        return self._admitted(user_id, state)

    def admit_local(self, user_id: str) -> bool:
        return self._leases.draw(user_id)

    def _admitted(self, user_id: str, state: WindowState) -> Admission:
        limit = self._window.limit
        if state.count >= limit:
            self._leases.refuse_for(user_id, state.free_in_s)
        if state.refused:
            raise self._limited(state.free_in_s)
        return Admission(RateState(limit, max(0, limit - state.count), state.free_in_s), state.value)

    def _admit_from_lease(self, user_id: str) -> Admission:
        if not self._leases.draw(user_id):
            raise self._limited(self._leases.free_in(user_id))
        return Admission(None, None)

    def _limited(self, retry_after: float) -> RateLimited:
        limit, window_s = self._window.limit, self._window.window_s
        return RateLimited(f"The limit is {limit} requests in {window_s} seconds.", retry_after=retry_after)
