"""Limits over all workers: requests per user, requests at once per user, failed sign-ins per subject."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from backend.errors import CacheUnavailable, RateLimited
from backend.services.limiter.chat import Admission, ChatLimit, RateState
from backend.services.limiter.window import SlidingWindow
from backend.services.redis_client import RedisClient, RedisUnavailable

__all__ = ["Admission", "Limiter", "RateState"]

SLOT_RETRY_S = 1.0


class Limiter:
    """chat and auth: (events, window in seconds); None lifts that limit. concurrency: requests at once per user."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        chat: tuple[int, int] | None,
        auth: tuple[int, int] | None,
        concurrency: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._chat = ChatLimit(redis, *chat, clock) if chat else None
        self._auth = SlidingWindow(redis, *auth) if auth else None
        self._concurrency = concurrency
        self._running: Counter[str] = Counter()

    async def admit(self, user_id: str, answer_key: str | None) -> Admission:
        """One round trip: counts this request and reads the answer key. Raises RateLimited.

        While Redis is away each worker grants its lease only.
        """
        if self._chat is not None:
            return await self._chat.admit(user_id, answer_key)
        return Admission(None, None if answer_key is None else await self._read(answer_key))

    def admit_local(self, user_id: str) -> bool:
        """Grants a request from this worker's lease, without Redis. False: ask admit()."""
        return self._chat is None or self._chat.admit_local(user_id)

    @contextmanager
    def slot(self, user_id: str) -> Iterator[None]:
        """Holds one of the user's concurrent requests in this worker. Raises RateLimited (too_many_concurrent)."""
        if self._concurrency is not None and self._running[user_id] >= self._concurrency:
            raise RateLimited(
                f"At most {self._concurrency} requests at once: wait until one has ended.",
                code="too_many_concurrent",
                retry_after=SLOT_RETRY_S,
            )
        self._running[user_id] += 1
        try:
            yield
        finally:
            self._running[user_id] -= 1
            if not self._running[user_id]:
                del self._running[user_id]

    async def check_sign_in(self, subject: str) -> None:
        """Raises RateLimited after too many failures, CacheUnavailable where nobody can tell."""
        if self._auth is not None:
            with _sign_ins_need_redis():
                state = await self._auth.look(self._sign_in_key(subject))
            if state.refused:
                raise RateLimited("Too many failed sign-ins: try again later.", retry_after=state.free_in_s)

    async def record_failed_sign_in(self, subject: str) -> None:
        """Counts a failure. Raises CacheUnavailable."""
        if self._auth is not None:
            with _sign_ins_need_redis():
                await self._auth.take(self._sign_in_key(subject))

    def _sign_in_key(self, subject: str) -> str:
        """A subject may be an address: none of it in a key."""
        return self._redis.key(hashlib.sha256(subject.encode()).hexdigest(), "limit", "auth")

    async def _read(self, key: str) -> bytes | None:
        try:
            return cast("bytes | None", await self._redis.run(lambda redis: redis.get(key)))
        except RedisUnavailable:
            return None


@contextmanager
def _sign_ins_need_redis() -> Iterator[None]:
    """Closed where nobody counts: guessing passwords while Redis is away gets nowhere."""
    try:
        yield
    except RedisUnavailable as error:
        raise CacheUnavailable("Sign-ins cannot be counted at the moment.", retry_after=1.0) from error
