"""Reservations in Redis: an amount is held before it is spent, so that parallel requests never overshoot a limit.

An account has named counters. A reservation holds an amount of each of them; it is settled with what was spent, or it
expires with the request that a crash ended. Amounts are exact 64-bit integers in Redis; the comparison with a limit is
exact up to 2**53 (9,007 USD in pico-dollars) and beyond that to one part in 10**15.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backend.services.redis_client import RedisClient

# hash: "seeded"; "spent:<counter>" and "held:<counter>"; "r:<id>" a reservation as "counter amount counter amount";
# "s:<id>" a settlement of something that was granted without Redis. held: ids of reservations by their expiry in ms.
LUA = """
local function add(hash, field, amount)
  if tonumber(amount) ~= 0 then redis.call('HINCRBY', hash, field, amount) end
end
local function drop(hash, held, id)
  if redis.call('ZREM', held, id) == 0 then return end
  for name, amount in string.gmatch(redis.call('HGET', hash, 'r:' .. id) or '', '(%S+) (%S+)') do
    add(hash, 'held:' .. name, '-' .. amount)
  end
end
local function keep(hash, held, ttl_ms)
  redis.call('PEXPIRE', hash, ttl_ms)
  redis.call('PEXPIRE', held, ttl_ms)
end
local function reserve(hash, held, claim, now_ms)
  if redis.call('HEXISTS', hash, 'seeded') == 0 then return {'unknown', ''} end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now_ms)) do drop(hash, held, id) end
  local parts = {}
  for _, counter in ipairs(claim.counters) do
    local name, amount, limit = counter[1], counter[2], tonumber(counter[3])
    local spent = tonumber(redis.call('HGET', hash, 'spent:' .. name) or 0) + tonumber(amount)
    if limit and spent > limit then return {'spent', name} end
    local holds = tonumber(redis.call('HGET', hash, 'held:' .. name) or 0)
    if limit and spent + holds > limit then return {'held', name} end
    table.insert(parts, name .. ' ' .. amount)
  end
  for _, counter in ipairs(claim.counters) do add(hash, 'held:' .. counter[1], counter[2]) end
  redis.call('HSET', hash, 'r:' .. claim.id, table.concat(parts, ' '))
  redis.call('ZADD', held, now_ms + claim.hold_ms, claim.id)
  keep(hash, held, claim.ttl_ms)
  return {'granted', ''}
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
"""
# KEYS: hash, held. ARGV: the claim.
RESERVE = LUA + "return reserve(KEYS[1], KEYS[2], cjson.decode(ARGV[1]), math.floor(now() / 1000))"
# KEYS: hash, held. ARGV: the claim's id, what was spent as {counter, amount} pairs, 1 where Redis may not know the
# claim, time to live in ms. Settling twice counts once; an account that Redis has lost is seeded with everything.
SETTLE = (
    LUA
    + """
local id, unknown = ARGV[1], ARGV[3] == '1'
if redis.call('HEXISTS', KEYS[1], 'seeded') == 0 then return 0 end
drop(KEYS[1], KEYS[2], id)
local known = redis.call('HDEL', KEYS[1], 'r:' .. id) == 1
if unknown and redis.call('HSETNX', KEYS[1], 's:' .. id, '1') == 0 then return 0 end
if not unknown and not known then return 0 end
for _, counter in ipairs(cjson.decode(ARGV[2])) do add(KEYS[1], 'spent:' .. counter[1], counter[2]) end
keep(KEYS[1], KEYS[2], ARGV[4])
return 1
"""
)
# KEYS: hash. ARGV: what was spent so far as pairs, time to live in ms.
SEED = (
    LUA
    + """
if redis.call('HSETNX', KEYS[1], 'seeded', '1') == 0 then return 0 end
for _, counter in ipairs(cjson.decode(ARGV[1])) do add(KEYS[1], 'spent:' .. counter[1], counter[2]) end
keep(KEYS[1], KEYS[1], ARGV[2])
return 1
"""
)
GRANTED, SPENT, HELD, UNKNOWN = "granted", "spent", "held", "unknown"


@dataclass(frozen=True, slots=True)
class Counter:
    """amount: to hold. limit None: counted, never refused."""

    name: str
    amount: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one request may consume of one account. key: of the account. hold_s: how long a crash can hold it.

    ttl_s: seconds that the account is kept, beyond the end of its period.
    """

    key: str
    id: str
    counters: tuple[Counter, ...]
    hold_s: float
    ttl_s: float

    @property
    def keys(self) -> tuple[str, str]:
        return self.key, f"{self.key}:held"

    def encode(self) -> bytes:
        """Amounts are strings: JSON numbers are floats in Lua."""
        counters = [(row.name, str(row.amount), "" if row.limit is None else str(row.limit)) for row in self.counters]
        times = {"hold_ms": round(self.hold_s * 1000), "ttl_ms": round(self.ttl_s * 1000)}
        return orjson.dumps({"id": self.id, "counters": counters, **times})


@dataclass(frozen=True, slots=True)
class Verdict:
    """state granted; spent (counter is used up), held (only by what is under way), unknown (Redis must be seeded)."""

    state: str
    counter: str = ""

    @classmethod
    def of(cls, reply: Sequence[Any]) -> "Verdict":
        return cls(reply[0].decode(), reply[1].decode())


class Ledger:
    """Every call is one round trip and raises RedisUnavailable."""

    def __init__(self, redis: RedisClient) -> None:
        self._reserve = redis.script(RESERVE)
        self._settle = redis.script(SETTLE)
        self._seed = redis.script(SEED)

    async def reserve(self, claim: Claim) -> Verdict:
        reply: Any = await self._reserve(claim.keys, [claim.encode()])
        return Verdict.of(reply)

    async def settle(self, claim: Claim, spent: Mapping[str, int], *, unknown: bool = False) -> None:
        """unknown: it was granted while Redis was away. Nothing spent is a release."""
        ttl_ms = round(claim.ttl_s * 1000)
        await self._settle(claim.keys, [claim.id, _pairs(spent), int(unknown), ttl_ms])

    async def seed(self, claim: Claim, spent: Mapping[str, int]) -> None:
        """What was spent of the claim's account so far; ignored where Redis knows the account."""
        await self._seed(claim.keys[:1], [_pairs(spent), round(claim.ttl_s * 1000)])


def _pairs(spent: Mapping[str, int]) -> bytes:
    return orjson.dumps([(name, str(amount)) for name, amount in spent.items()])
