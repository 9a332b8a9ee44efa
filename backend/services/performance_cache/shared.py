"""The layer in Redis, shared by all workers.

Every value carries the epoch of its user's cache; clearing starts the next epoch. A value that was read before a
clear and arrives after it shows an older epoch and is dropped, so a clear wins over every read under way.
"""

import hashlib
import time
from collections.abc import Callable
from typing import cast

from cachetools import TTLCache

from backend.services.performance_cache.layers import Item, Layer
from backend.services.redis_client import RedisClient, RedisUnavailable

ITEMS_PER_USER = 2_000
EPOCH_TTL_S = 2 * 86_400
READS_END_WITHIN_S = 60.0
USERS = 10_000
SOURCE_CHARACTERS = 8

# KEYS: value, index of the user's values by expiry, epoch. ARGV: wall clock expiry and time to live in ms, payload,
# values a user may have.
PUT = """
local epoch = redis.call('GET', KEYS[3]) or '0'
local ttl = tonumber(ARGV[2])
redis.call('SET', KEYS[1], epoch .. ' ' .. ARGV[1] .. ' ' .. ARGV[3], 'PX', ttl)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ttl, KEYS[1])
if redis.call('PTTL', KEYS[2]) < ttl then redis.call('PEXPIRE', KEYS[2], ttl) end
local over = redis.call('ZCARD', KEYS[2]) - ARGV[4]
if over > 0 then
  local popped = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #popped, 2 do redis.call('UNLINK', popped[i]) end
end
"""
# KEYS: index, epoch. ARGV: time to live of the epoch in ms. Reply: {values removed, new epoch}
CLEAR = """
local epoch = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local removed = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do removed = removed + redis.call('UNLINK', key) end
redis.call('DEL', KEYS[1])
return {removed, epoch}
"""


class RedisLayer(Layer):
    """Redis away: nothing is found and nothing is kept, without an error. source: see PerformanceCache."""

    def __init__(
        self, name: str, redis: RedisClient, *, source: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(name)
        self._source = hashlib.sha256(source.encode()).hexdigest()[:SOURCE_CHARACTERS]
        self._redis = redis
        self._clock = clock
        self._put = redis.script(PUT)
        self._clear = redis.script(CLEAR)
        self._epochs: TTLCache[str, int] = TTLCache(USERS, READS_END_WITHIN_S)

    def key(self, user_id: str, key: str) -> str:
        return self._redis.key(user_id, "cache", "value", self._source, key)

    def parse(self, user_id: str, stored: bytes | None) -> Item | None:
        """What was read under key(), where it is well formed, fresh and younger than the user's last clear."""
        item = self._parse(user_id, stored)
        self.statistics.count(item)
        return item

    def learn_epoch(self, user_id: str, epoch: int) -> None:
        """Values of earlier epochs are no longer accepted."""
        self._epochs[user_id] = epoch

    async def get(self, user_id: str, key: str) -> Item | None:
        try:
            stored = await self.read(user_id, key)
        except RedisUnavailable:
            stored = None
        return self.parse(user_id, stored)

    async def read(self, user_id: str, key: str) -> bytes | None:
        """What parse() takes. Raises RedisUnavailable."""
        name = self.key(user_id, key)
        return cast("bytes | None", await self._redis.run(lambda redis: redis.get(name)))

    async def put(self, user_id: str, key: str, item: Item) -> None:
        ttl_ms = round((item.expires_at - self._clock()) * 1000)
        if ttl_ms <= 0:
            return
        keys = [self.key(user_id, key), *self._bookkeeping(user_id)]
        try:
            await self._put(keys, [round(item.expires_at * 1000), ttl_ms, item.payload, ITEMS_PER_USER])
        except RedisUnavailable:
            return

    async def remove(self, user_id: str, key: str) -> None:
        """Raises RedisUnavailable."""
        await self._redis.run(lambda redis: redis.unlink(self.key(user_id, key)))

    async def clear_user(self, user_id: str) -> tuple[int, int]:
        """Values removed, and the epoch that begins. Raises RedisUnavailable."""
        reply = await self._clear(self._bookkeeping(user_id), [EPOCH_TTL_S * 1000])
        removed, epoch = cast("tuple[int, int]", reply)
        return removed, epoch

    def _bookkeeping(self, user_id: str) -> list[str]:
        return [self._redis.key(user_id, "cache", "index"), self._redis.key(user_id, "cache", "epoch")]

    def _parse(self, user_id: str, stored: bytes | None) -> Item | None:
        if stored is None:
            return None
        try:
            epoch, expires_ms, payload = stored.split(b" ", 2)
            item = Item(payload, int(expires_ms) / 1000)
            outdated = int(epoch) < self._epochs.get(user_id, 0)
        except ValueError:
            return None
        return None if outdated or item.expires_at <= self._clock() else item
