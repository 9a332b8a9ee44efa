"""Exact sliding windows in Redis: one entry per request, stamped with Redis's own clock.

One script counts a request in all windows that it belongs to, or in none of them. What the request needs to know or to
hold besides comes along in the same round trip: a place among the user's requests at once, a stored value, and where
there is none, a reservation of what the request may consume.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from backend.domain.ids import random_id
from backend.services.limiter.ledger import LUA as LEDGER
from backend.services.limiter.ledger import Claim, Verdict
from backend.services.redis_client import RedisClient

PLACES_KEPT_S = 3600
"""Longer than any request takes."""

# KEYS, as far as they are asked for: the windows; the places; the account's two keys of the claim; the stored value.
# ARGV: what is asked. take false: look only. windows: limit, us, granted (id and age in us of requests that were
# granted elsewhere). place: id, limit, ms that it is held where nobody gives it back.
# Reply: {busy 0|1, placed 0|1, value or false, the verdict on the claim or false, {refused 0|1, entries, us until
# there is room} of each window}
LUA = (
    LEDGER
    + """
local now = now()
local now_ms = math.floor(now / 1000)
local asked = cjson.decode(ARGV[1])
local position = 0
local function next_key()
  position = position + 1
  return KEYS[position]
end
local function count_in(key, id, instant)
  redis.call('ZADD', key, string.format('%.0f', instant), id)
end
local keys, counts, refused = {}, {}, false
for i, window in ipairs(asked.windows) do
  keys[i] = next_key()
  for _, one in ipairs(window.granted) do count_in(keys[i], one[1], now - one[2]) end
  redis.call('ZREMRANGEBYSCORE', keys[i], '-inf', string.format('%.0f', now - window.us))
  counts[i] = redis.call('ZCARD', keys[i])
  refused = refused or counts[i] >= window.limit
end
local places, busy = asked.place and next_key(), false
if places and not refused then
  redis.call('ZREMRANGEBYSCORE', places, '-inf', now_ms)
  busy = redis.call('ZCARD', places) >= asked.place.limit
end
local admitted = asked.take and not refused and not busy
local states = {}
for i, window in ipairs(asked.windows) do
  local full = counts[i] >= window.limit
  if admitted then
    count_in(keys[i], asked.id, now)
    counts[i] = counts[i] + 1
  end
  redis.call('PEXPIRE', keys[i], math.ceil(window.us / 1000))
  local next_out = math.max(0, counts[i] - window.limit)
  local leaves = redis.call('ZRANGE', keys[i], next_out, next_out, 'WITHSCORES')[2]
  states[i] = {full and 1 or 0, counts[i], leaves and leaves + window.us - now or 0}
end
local account, held
if asked.claim then account, held = next_key(), next_key() end
local value = admitted and asked.value and redis.call('GET', next_key()) or false
local verdict = admitted and asked.claim and not value and reserve(account, held, asked.claim, now_ms) or false
local placed = places and admitted and not value and (not verdict or verdict[1] == 'granted' or verdict[1] == 'unknown')
if placed then
  redis.call('ZADD', places, now_ms + asked.place.ms, asked.place.id)
  redis.call('EXPIRE', places, PLACES_KEPT_S)
end
return {busy and 1 or 0, placed and 1 or 0, value, verdict, states}
""".replace("PLACES_KEPT_S", str(PLACES_KEPT_S))
)
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """key: in Redis. granted: (id, age in seconds) of requests granted elsewhere, which count too."""

    key: str
    limit: int
    window_s: int
    granted: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """One of at most limit requests at once. hold_s: how long it is held where a crash keeps it."""

    key: str
    id: str
    limit: int
    hold_s: float


@dataclass(frozen=True, slots=True)
class WindowState:
    """free_in_s: seconds until the next request leaves the window."""

    refused: bool
    count: int
    free_in_s: float


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a window is full, or all places are taken (busy), nothing was counted, placed or reserved.

    value: what its key held. placed: the place is held now; not where there was a value, or the claim was refused.
    verdict: on the claim, None where it was not judged.
    """

    windows: tuple[WindowState, ...]
    busy: bool = False
    placed: bool = False
    value: bytes | None = None
    verdict: Verdict | None = None


class SlidingWindows:
    """At most `limit` requests in any span of window_s seconds, however many callers ask at once."""

    def __init__(self, redis: RedisClient) -> None:
        self._script = redis.script(LUA)

    async def take(
        self,
        windows: Sequence[Window],
        *,
        place: Place | None = None,
        claim: Claim | None = None,
        value_key: str | None = None,
    ) -> Counted:
        """One round trip; all keys carry one hash tag. Raises RedisUnavailable."""
        return await self._call(windows, place, claim, value_key, take=True)

    async def look(self, windows: Sequence[Window]) -> Counted:
        """Takes nothing. Raises RedisUnavailable."""
        return await self._call(windows, None, None, None, take=False)

    async def _call(
        self, windows: Sequence[Window], place: Place | None, claim: Claim | None, value_key: str | None, *, take: bool
    ) -> Counted:
        keys = [window.key for window in windows]
        keys += [*([place.key] if place else ()), *(claim.keys if claim else ()), *([value_key] if value_key else ())]
        asked: dict[str, Any] = {"take": take, "id": random_id(), "windows": [_encoded(window) for window in windows]}
        if place:
            asked["place"] = {"id": place.id, "limit": place.limit, "ms": round(place.hold_s * 1000)}
        if claim:
            asked["claim"] = orjson.Fragment(claim.encode())
        if value_key:
            asked["value"] = True
        busy, placed, value, verdict, states = cast(
            "tuple[int, int, bytes | None, list[bytes] | None, list[tuple[int, int, int]]]",
            await self._script(keys, [orjson.dumps(asked)]),
        )
        judged = Verdict.of(verdict) if verdict else None
        return Counted(tuple(map(_state, states)), bool(busy), bool(placed), value, judged)


def _encoded(window: Window) -> dict[str, Any]:
    granted = [(id_, max(0, round(age_s * MICROSECONDS))) for id_, age_s in window.granted]
    return {"limit": window.limit, "us": window.window_s * MICROSECONDS, "granted": granted}


def _state(reply: tuple[int, int, int]) -> WindowState:
    refused, count, free_in_us = reply
    return WindowState(bool(refused), count, free_in_us / MICROSECONDS)
