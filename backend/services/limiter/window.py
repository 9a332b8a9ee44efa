"""An exact sliding window in Redis: one entry per request, stamped with Redis's own clock.

What a request needs to know besides comes along in the same round trip: a stored value, and where there is none, a
reservation of what the request may consume.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import cast

from backend.services.limiter.ledger import LUA as LEDGER
from backend.services.limiter.ledger import Claim, Verdict
from backend.services.redis_client import RedisClient

# KEYS: window; the account's two keys where there is a claim; the key of a value to read along (optional).
# ARGV: limit; window in us; 1 to take one, 0 to look only; an id for it; the claim or ''; then id and age in us of each
# request that was granted elsewhere.
# Reply: {refused 0|1, entries, us until there is room, value or false, the verdict on the claim or false}
LUA = (
    LEDGER
    + """
local now = now()
local limit, window, take = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local claim = ARGV[5] ~= '' and cjson.decode(ARGV[5])
local value_key = claim and KEYS[4] or not claim and KEYS[2]
local function count_in(id, instant)
  redis.call('ZADD', KEYS[1], string.format('%.0f', instant), id)
end
for i = 6, #ARGV, 2 do
  count_in(ARGV[i], now - ARGV[i + 1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local count = redis.call('ZCARD', KEYS[1])
local refused = count >= limit
if not refused and take == 1 then
  count_in(ARGV[4], now)
  count = count + 1
end
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
local next_out = math.max(0, count - limit)
local leaves = redis.call('ZRANGE', KEYS[1], next_out, next_out, 'WITHSCORES')[2]
local value = not refused and value_key and redis.call('GET', value_key) or false
local judge = claim and not refused and not value
local verdict = judge and reserve(KEYS[2], KEYS[3], claim, math.floor(now / 1000)) or false
return {refused and 1 or 0, count, leaves and leaves + window - now or 0, value, verdict}
"""
)
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class WindowState:
    """free_in_s: seconds until the next request leaves the window. value: what its key held.

    verdict: on the claim, None where the request was refused or there was a value.
    """

    refused: bool
    count: int
    free_in_s: float
    value: bytes | None
    verdict: Verdict | None = None


class SlidingWindow:
    """At most `limit` requests in any span of window_s seconds, however many callers ask at once."""

    def __init__(self, redis: RedisClient, limit: int, window_s: int) -> None:
        self.limit = limit
        self.window_s = window_s
        self._script = redis.script(LUA)

    async def take(
        self,
        key: str,
        *,
        value_key: str | None = None,
        claim: Claim | None = None,
        granted: Sequence[tuple[str, float]] = (),
    ) -> WindowState:
        """One round trip. granted: (id, age in seconds) of requests granted elsewhere. Raises RedisUnavailable."""
        return await self._call(key, value_key, 1, claim, granted)

    async def look(self, key: str) -> WindowState:
        """Takes nothing. Raises RedisUnavailable."""
        return await self._call(key, None, 0, None, ())

    async def _call(
        self,
        key: str,
        value_key: str | None,
        take: int,
        claim: Claim | None,
        granted: Sequence[tuple[str, float]],
    ) -> WindowState:
        keys = [key, *(claim.keys if claim else ()), *((value_key,) if value_key else ())]
        settled = [part for id_, age_s in granted for part in (id_, max(0, round(age_s * MICROSECONDS)))]
        asked = claim.encode() if claim else b""
        arguments = [self.limit, self.window_s * MICROSECONDS, take, token_hex(8), asked, *settled]
        refused, count, free_in_us, value, verdict = cast(
            "tuple[int, int, int, bytes | None, list[bytes] | None]", await self._script(keys, arguments)
        )
        judged = Verdict.of(verdict) if verdict else None
        return WindowState(bool(refused), count, free_in_us / MICROSECONDS, value, judged)
