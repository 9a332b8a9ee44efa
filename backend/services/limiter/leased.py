"""A limit of requests per subject: exact in Redis, bounded by leases where a worker does without it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache

from backend.errors import RateLimited
from backend.services.limiter.lease import USERS, Leases
from backend.services.limiter.ledger import LUA as LEDGER
from backend.services.limiter.ledger import Claim, Verdict
from backend.services.limiter.window import SlidingWindow, WindowState
from backend.services.redis_client import RedisClient, RedisUnavailable

# KEYS: the key of a value (optional); the account's two keys where there is a claim. ARGV: 1 with a value key; the
# claim or ''. Reply: {value or false, verdict or false}
READ = (
    LEDGER
    + """
local value = ARGV[1] == '1' and redis.call('GET', KEYS[1])
local verdict = false
if not value and ARGV[2] ~= '' then
  verdict = reserve(KEYS[#KEYS - 1], KEYS[#KEYS], cjson.decode(ARGV[2]), math.floor(now() / 1000))
end
return {value, verdict}
"""
)


@dataclass(frozen=True, slots=True)
class RateState:
    """reset_s: seconds until the oldest counted request leaves the window and makes room for another."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """rate None: no limit. stored: what was under the answer key, not yet verified; None while Redis is away.

    verdict: on the claim; None where there was none, where something was stored, or where Redis is away.
    """

    rate: RateState | None
    stored: bytes | None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What this worker last knew of a subject. resets_at: an instant of the clock."""

    remaining: int
    resets_at: float


class LeasedLimit:
    """name: part of the key, unique among limits. A subject is a user's id, or a hash where it would tell who."""

    def __init__(self, redis: RedisClient, name: str, limit: int, window_s: int, clock: Callable[[], float]) -> None:
        self._redis = redis
        self._name = name
        self._clock = clock
        self._window = SlidingWindow(redis, limit, window_s)
        self._leases = Leases(limit, window_s, clock)
        self._known: TTLCache[str, _Known] = TTLCache(USERS, window_s, timer=clock)

    async def admit(self, subject: str, value_key: str | None = None, claim: Claim | None = None) -> Admission:
        """One round trip; while Redis is away, from the lease. Raises RateLimited."""
        unsettled = self._leases.take_unsettled(subject)
        granted = [(draw.id, self._leases.age(draw)) for draw in unsettled]
        try:
            state = await self._window.take(self._key(subject), value_key=value_key, claim=claim, granted=granted)
        except RedisUnavailable:
            self._leases.give_back(subject, unsettled)
            return self._admit_from_lease(subject)
        except asyncio.CancelledError:  # settled or not: by their ids they count once
            self._leases.give_back(subject, unsettled)
            raise
        return self._admitted(subject, state)

    def admit_local(self, subject: str) -> bool:
        """Grants a request from the lease. False: ask admit()."""
        if not self._leases.draw(subject):
            return False
        known = self._known.get(subject) or _Known(self._window.limit, self._clock() + self._window.window_s)
        self._known[subject] = _Known(max(0, known.remaining - 1), known.resets_at)
        return True

    async def look(self, subject: str) -> None:
        """Finds out what rate() does not know, and counts nothing. Raises RedisUnavailable."""
        state = await self._window.look(self._key(subject))
        self._remember(subject, self._window.limit - state.count, state.free_in_s)

    def rate(self, subject: str) -> RateState | None:
        """As this worker knows it, from memory: None where it has not admitted the subject lately."""
        known = self._known.get(subject)
        if known is None:
            return None
        return RateState(self._window.limit, known.remaining, max(0.0, known.resets_at - self._clock()))

    def _key(self, subject: str) -> str:
        return self._redis.key(subject, "limit", self._name)

    def _admitted(self, subject: str, state: WindowState) -> Admission:
        limit = self._window.limit
        self._remember(subject, limit - state.count, state.free_in_s)
        if state.count >= limit:
            self._leases.refuse_for(subject, state.free_in_s)
        if state.refused:
            raise self._limited(state.free_in_s)
        return Admission(self.rate(subject), state.value, state.verdict)

    def _admit_from_lease(self, subject: str) -> Admission:
        granted = self._leases.draw(subject)
        free_in_s = self._leases.free_in(subject)
        self._remember(subject, self._leases.left(subject), free_in_s or self._window.window_s)
        if not granted:
            raise self._limited(free_in_s)
        return Admission(self.rate(subject), None)

    def _remember(self, subject: str, remaining: int, reset_s: float) -> None:
        self._known[subject] = _Known(max(0, remaining), self._clock() + reset_s)

    def _limited(self, retry_after: float) -> RateLimited:
        limit, window_s = self._window.limit, self._window.window_s
        detail = f"The limit is {limit} requests in {window_s} seconds."
        return RateLimited(detail, limit=self._name, retry_after=retry_after)


class Uncounted:
    """Where there is no limit: what came along with counting, alone and still in one round trip."""

    def __init__(self, redis: RedisClient) -> None:
        self._read = redis.script(READ)

    async def read(self, value_key: str | None, claim: Claim | None) -> Admission:
        keys = [*((value_key,) if value_key else ()), *(claim.keys if claim else ())]
        if not keys:
            return Admission(None, None)
        try:
            reply: Any = await self._read(keys, [int(bool(value_key)), claim.encode() if claim else b""])
        except RedisUnavailable:
            return Admission(None, None)
        value, verdict = reply
        return Admission(None, value, Verdict.of(verdict) if verdict else None)
