"""Limits over all workers: requests per user, API key or address, requests at once, failed sign-ins per subject."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import IPv6Address, ip_address, ip_network
from types import MappingProxyType

from cachetools import LRUCache

from backend.domain.api_keys import KeyGrant
from backend.domain.rates import Rate
from backend.errors import CacheUnavailable, RateLimited
from backend.services.limiter.gate import Admission, Gate, Limited, tightest
from backend.services.limiter.ledger import Claim
from backend.services.limiter.meter import Meter, RateState
from backend.services.limiter.places import Places, Slot
from backend.services.limiter.window import SlidingWindows, Window, WindowState
from backend.services.redis_client import RedisClient, RedisUnavailable

__all__ = ["API_KEY", "CHAT", "Admission", "Limiter", "Rate", "RateState", "Slot", "address_subject"]

CHAT = "chat"
API_KEY = "api_key"
"""Unknown API keys per network address."""
RATES_OF_KEYS = 1000
"""Different ones, of which a worker remembers leases; of others it forgets them."""
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
        self._clock = clock
        self._gate = Gate(redis)
        rates = {**others, CHAT: chat}
        self._meters = {name: Meter(name, *rate, clock) if rate else None for name, rate in rates.items()}
        self._of_keys: LRUCache[Rate, Meter] = LRUCache(RATES_OF_KEYS)
        self._auth = auth
        self._windows = SlidingWindows(redis)
        self._places = Places(redis, concurrency)

    async def start(self) -> None:
        await self._places.start()

    async def close(self) -> None:
        await self._places.close()

    async def admit(
        self,
        user_id: str,
        answer_key: str | None,
        claim: Claim | None = None,
        *,
        api_key: KeyGrant | None = None,
        slot: Slot | None = None,
        lifetime_s: float = 0.0,
    ) -> Admission:
        """One round trip: counts this request, places it among the running ones, reads the answer key, reserves.

        A request that a limit refuses is counted in none. lifetime_s: the longest that it may take. While Redis is
        away each worker grants its lease only, nobody judges the claim, and places are this worker's alone.
        Raises RateLimited.
        """
        limits = self._limits_of(CHAT, user_id, api_key)
        return await self._gate.admit(limits, value_key=answer_key, claim=claim, slot=slot, hold_s=lifetime_s)

    def admit_local(self, user_id: str, api_key: KeyGrant | None = None) -> bool:
        """Grants a request from this worker's leases, without Redis. False: ask admit()."""
        return self._gate.admit_local(self._limits_of(CHAT, user_id, api_key))

    async def take(self, name: str, subject: str) -> None:
        """Counts a request against the limit of that name. Raises RateLimited.

        While Redis is away each worker grants its lease only.
        """
        await self._gate.admit(self._limits_of(name, subject))

    def rate(self, name: str, subject: str, api_key: KeyGrant | None = None) -> RateState | None:
        """The tightest, from this worker's memory: None without a limit, or without a request of late."""
        return tightest(self._limits_of(name, subject, api_key))

    async def look(self, name: str, subject: str, api_key: KeyGrant | None = None) -> None:
        """Has rate() know, where it does not and Redis does."""
        limits = self._limits_of(name, subject, api_key)
        if any(limited.meter.rate(limited.subject) is None for limited in limits):
            with suppress(RedisUnavailable):
                await self._gate.look(limits)

    def slot(self, user_id: str) -> Slot:
        """One of the user's requests at once, to be released. Raises RateLimited (too_many_concurrent).

        This worker's are counted here, those of all workers where admit() gets the slot.
        """
        return self._places.enter(user_id)

    def _limits_of(self, name: str, subject: str, api_key: KeyGrant | None = None) -> list[Limited]:
        limits = []
        if meter := self._meters[name]:
            limits.append(Limited(meter, subject, self._redis.key(subject, "limit", name)))
        if api_key and api_key.limit:
            meter = self._of_keys.get(api_key.limit) or Meter("api_key_chat", *api_key.limit, self._clock)
            self._of_keys[api_key.limit] = meter
            limits.append(Limited(meter, api_key.id, self._redis.key(subject, "limit", name, api_key.id)))
        return limits

    async def check_sign_in(self, subject: str) -> None:
        """Raises RateLimited after too many failures, CacheUnavailable where nobody can tell."""
        state = await self._sign_ins(subject, count=False)
        if state and state.refused:
            raise RateLimited("Too many failed sign-ins: try again later.", limit="auth", retry_after=state.free_in_s)

    async def record_failed_sign_in(self, subject: str) -> None:
        """Counts a failure. Raises CacheUnavailable."""
        await self._sign_ins(subject, count=True)

    async def check_look_up(self, subject: str) -> None:
        """Raises RateLimited after too many unknown API keys. subject: of a network address."""
        await self.look(API_KEY, subject)
        state = self.rate(API_KEY, subject)
        if state and not state.remaining and state.reset_s > 0:
            raise RateLimited("Too many unknown API keys: try again later.", limit=API_KEY, retry_after=state.reset_s)

    async def record_unknown_key(self, subject: str) -> None:
        """Counts one. Raises RateLimited where it is too many already."""
        await self.take(API_KEY, subject)

    async def _sign_ins(self, subject: str, *, count: bool) -> WindowState | None:
        if self._auth is None:
            return None
        window = Window(self._redis.key(_hashed(subject), "limit", "auth"), *self._auth)
        with _sign_ins_need_redis():
            counted = await (self._windows.take([window]) if count else self._windows.look([window]))
        return counted.windows[0]


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
