"""An exact sliding window in Redis: one entry per request, stamped with Redis's own clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import cast

from backend.services.redis_client import RedisClient

# KEYS: window, then the key of a value to read along (optional).
# ARGV: limit; window in us; 1 to take one, 0 to look only; an id for it; then id and age in us of each request that
# was granted elsewhere. Reply: {refused 0|1, entries, us until there is room, value or false}
LUA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window, take = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function add(id, instant)
  redis.call('ZADD', KEYS[1], string.format('%.0f', instant), id)
end
for i = 5, #ARGV, 2 do
  add(ARGV[i], now - ARGV[i + 1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local count = redis.call('ZCARD', KEYS[1])
local refused = count >= limit
if not refused and take == 1 then
  add(ARGV[4], now)
  count = count + 1
end
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
local next_out = math.max(0, count - limit)
local leaves = redis.call('ZRANGE', KEYS[1], next_out, next_out, 'WITHSCORES')[2]
local value = not refused and KEYS[2] and redis.call('GET', KEYS[2])
return {refused and 1 or 0, count, leaves and leaves + window - now or 0, value}
"""
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class WindowState:
    """free_in_s: seconds until the next request leaves the window. value: what the second key held."""

    refused: bool
    count: int
    free_in_s: float
    value: bytes | None


class SlidingWindow:
    """At most `limit` requests in any span of window_s seconds, however many callers ask at once."""

    def __init__(self, redis: RedisClient, limit: int, window_s: int) -> None:
        self.limit = limit
        self.window_s = window_s
        self._script = redis.script(LUA)

    async def take(
        self, key: str, *, value_key: str | None = None, granted: Sequence[tuple[str, float]] = ()
    ) -> WindowState:
        """One round trip. granted: (id, age in seconds) of requests granted elsewhere. Raises RedisUnavailable."""
        return await self._call(key, value_key, 1, granted)

    async def look(self, key: str) -> WindowState:
        """Takes nothing. Raises RedisUnavailable."""
        return await self._call(key, None, 0, ())

    async def _call(
        self, key: str, value_key: str | None, take: int, granted: Sequence[tuple[str, float]]
    ) -> WindowState:
        keys = [key] if value_key is None else [key, value_key]
        settled = [part for id_, age_s in granted for part in (id_, max(0, round(age_s * MICROSECONDS)))]
        reply = await self._script(keys, [self.limit, self.window_s * MICROSECONDS, take, token_hex(8), *settled])
        refused, count, free_in_us, *value = cast("tuple[int, int, int, bytes | None]", reply)
        return WindowState(bool(refused), count, free_in_us / MICROSECONDS, value[0] if value else None)
