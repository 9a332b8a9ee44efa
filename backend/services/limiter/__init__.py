"""Limits over all workers: requests per user or address, requests at once per user, failed sign-ins per subject."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import IPv6Address, ip_address, ip_network
from types import MappingProxyType

from backend.domain.rates import Rate
from backend.errors import CacheUnavailable, RateLimited
from backend.services.limiter.leased import Admission, LeasedLimit, RateState, Uncounted
from backend.services.limiter.ledger import Claim
from backend.services.limiter.window import SlidingWindow
from backend.services.redis_client import RedisClient, RedisUnavailable

__all__ = ["API_KEY", "CHAT", "Admission", "Limiter", "Rate", "RateState", "address_subject"]

CHAT = "chat"
API_KEY = "api_key"
"""Unknown API keys per network address."""

SLOT_RETRY_S = 1.0
IPV6_PREFIX = 64


class Limiter:
    """None lifts a limit. concurrency: requests at once per user. others: further limits by name, for take()."""

    def __init__(
        self,
        redis: RedisClient,
        *,
        chat: Rate | None,
        auth: Rate | None,
        concurrency: int | None,
        others: Mapping[str, Rate | None] = MappingProxyType({}),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._limits = {
            name: LeasedLimit(redis, name, *rate, clock) if rate else None
            for name, rate in {**others, CHAT: chat}.items()
        }
        self._chat = self._limits[CHAT]
        self._auth = SlidingWindow(redis, *auth) if auth else None
        self._uncounted = Uncounted(redis)
        self._concurrency = concurrency
        self._running: Counter[str] = Counter()

    async def admit(self, user_id: str, answer_key: str | None, claim: Claim | None = None) -> Admission:
        """One round trip: counts this request, reads the answer key, reserves the claim. Raises RateLimited.

        While Redis is away each worker grants its lease only, and nobody judges the claim.
        """
        if self._chat is not None:
            return await self._chat.admit(user_id, answer_key, claim)
        return await self._uncounted.read(answer_key, claim)

    def admit_local(self, user_id: str) -> bool:
        """Grants a request from this worker's lease, without Redis. False: ask admit()."""
        return self._chat is None or self._chat.admit_local(user_id)

    async def take(self, name: str, subject: str) -> None:
        """Counts a request against the limit of that name. Raises RateLimited.

        While Redis is away each worker grants its lease only.
        """
        if limit := self._limits[name]:
            await limit.admit(subject)

    def rate(self, name: str, subject: str) -> RateState | None:
        """What this worker knows of it, from memory: None without a limit, or without a request of late."""
        limit = self._limits[name]
        return limit.rate(subject) if limit else None

    async def look(self, name: str, subject: str) -> None:
        """Has rate() know, where it does not and Redis does."""
        limit = self._limits[name]
        if limit and limit.rate(subject) is None:
            with suppress(RedisUnavailable):
                await limit.look(subject)

    @contextmanager
    def slot(self, user_id: str) -> Iterator[None]:
        """Holds one of the user's concurrent requests in this worker. Raises RateLimited (too_many_concurrent)."""
        if self._concurrency is not None and self._running[user_id] >= self._concurrency:
            raise RateLimited(
                f"At most {self._concurrency} requests at once: wait until one has ended.",
                limit="concurrency",
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
                raise RateLimited(
                    "Too many failed sign-ins: try again later.", limit="auth", retry_after=state.free_in_s
                )

    async def record_failed_sign_in(self, subject: str) -> None:
        """Counts a failure. Raises CacheUnavailable."""
        if self._auth is not None:
            with _sign_ins_need_redis():
                await self._auth.take(self._sign_in_key(subject))

    async def check_look_up(self, subject: str) -> None:
        """Raises RateLimited after too many unknown API keys. subject: of a network address."""
        await self.look(API_KEY, subject)
        state = self.rate(API_KEY, subject)
        if state and not state.remaining and state.reset_s > 0:
            raise RateLimited("Too many unknown API keys: try again later.", retry_after=state.reset_s)

    async def record_unknown_key(self, subject: str) -> None:
        """Counts one. Raises RateLimited where it is too many already."""
        await self.take(API_KEY, subject)

    def _sign_in_key(self, subject: str) -> str:
        return self._redis.key(_hashed(subject), "limit", "auth")


def address_subject(address: str) -> str:
    """The subject that a client's network address is. One customer has a whole /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return _hashed(f"address:{address}")
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or ip_network((int(parsed), IPV6_PREFIX), strict=False).network_address
    return _hashed(f"address:{parsed}")


def _hashed(subject: str) -> str:
    """Of addresses and emails nothing is in a key."""
    return hashlib.sha256(subject.encode()).hexdigest()


@contextmanager
def _sign_ins_need_redis() -> Iterator[None]:
    """Closed where nobody counts: guessing passwords while Redis is away gets nowhere."""
    try:
        yield
    except RedisUnavailable as error:
        raise CacheUnavailable("Sign-ins cannot be counted at the moment.", retry_after=1.0) from error
