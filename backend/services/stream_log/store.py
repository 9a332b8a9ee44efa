"""Streams in Redis: what is kept, and the scripts that change it in one step.

For one stream, all under its user's hash tag: the events (a Redis stream whose entries are batches, named by the
last event in them), the writer's lease, the workers that have readers (by time of their last sign), a mark that it
is to be cancelled. For one answer key: the stream that leads for it.
"""

from dataclasses import dataclass
from typing import cast

from backend.services.redis_client import RedisClient
from backend.services.stream_log.events import StreamEvent, StreamId, decode, encode

# KEYS: events, lease, readers, cancel mark, claim (optional). ARGV: lease ms, keep ms, presence ms, last event that the
# writer believes stored, last event of the batch, batch ('' for none), 1 where it ends the stream, stream id.
# The batch is added only to what the writer believes stored: resending after a loss or a timeout repeats nothing.
# Reply: {last event stored now, readers elsewhere, 1 to cancel}
WRITE = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
last = last and tonumber(string.match(last[1], '%d+')) or 0
if last == tonumber(ARGV[4]) and ARGV[6] ~= '' then
  redis.call('XADD', KEYS[1], ARGV[5] .. '-0', 'events', ARGV[6])
  last = tonumber(ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local ended = ARGV[7] == '1' and last == tonumber(ARGV[5])
if ended then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], '1', 'PX', ARGV[1]) end
if KEYS[5] then
  local leader = redis.call('GET', KEYS[5])
  if ended and leader == ARGV[8] then redis.call('DEL', KEYS[5]) end
  if not ended and (leader == ARGV[8] or not leader) then redis.call('SET', KEYS[5], ARGV[8], 'PX', ARGV[1]) end
end
local time = redis.call('TIME')
local seen_after = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[3]
return {last, redis.call('ZCOUNT', KEYS[3], seen_after, '+inf'), redis.call('EXISTS', KEYS[4])}
"""
# KEYS: events, lease, readers. ARGV: last event read, batches at most, worker, presence ms (0: no sign of presence).
# Reply: {1 where the writer lives, batch...}
READ = """
if ARGV[4] ~= '0' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
local reply = {redis.call('EXISTS', KEYS[2])}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])) do
  reply[#reply + 1] = entry[2][2]
end
return reply
"""
# KEYS: lease, events, cancel mark. ARGV: time to live of the mark in ms. Reply: 1 live, 0 ended, -1 unknown
CANCEL = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[1])
  return 1
end
return redis.call('EXISTS', KEYS[2]) - 1
"""
# KEYS: claim. ARGV: stream id, lease ms. Reply: the stream that leads.
CLAIM = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('GET', KEYS[1])
"""
READ_BATCHES = 16


@dataclass(frozen=True, slots=True)
class Written:
    """last: id of the last event that Redis has, 0 for none. readers: workers with readers, lately."""

    last: int
    readers: int
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """alive: the writer holds its lease."""

    alive: bool
    events: list[StreamEvent]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. lease: a writer that gives no sign for so long is gone. presence: a reader's worker likewise."""

    keep: float
    lease: float
    presence: float


class StreamStore:
    """Every call may raise RedisUnavailable. worker: this worker's name among readers."""

    def __init__(self, redis: RedisClient, times: Times, worker: str) -> None:
        self._redis = redis
        self._times = times
        self._worker = worker
        self._write, self._read = redis.script(WRITE), redis.script(READ)
        self._cancel, self._claim = redis.script(CANCEL), redis.script(CLAIM)

    def claim_key(self, user_id: str, answer_key: str) -> str:
        return self._redis.key(user_id, "leader", answer_key)

    async def write(
        self, stream: StreamId, stored: int, events: list[StreamEvent], *, ends: bool, claim: str | None
    ) -> Written:
        """Adds the events to the `stored` ones before them, and is a sign of life even without any."""
        keys = [self._key(stream, part) for part in ("events", "lease", "readers", "cancel")]
        last = events[-1].id if events else stored
        batch = encode(events) if events else b""
        times = [round(each * 1000) for each in (self._times.lease, self._times.keep, self._times.presence)]
        reply = await self._write(
            keys if claim is None else [*keys, claim], [*times, stored, last, batch, int(ends), stream.stream_id]
        )
        last, readers, cancelled = cast("tuple[int, int, int]", reply)
        return Written(last, readers, bool(cancelled))

    async def read(self, stream: StreamId, after: int, *, present: bool) -> Fetched:
        """The next batches past `after`. present: tell the writer that this worker has readers."""
        keys = [self._key(stream, part) for part in ("events", "lease", "readers")]
        presence = round(self._times.presence * 1000) if present else 0
        reply = await self._read(keys, [after, READ_BATCHES, self._worker, presence])
        alive, *batches = cast("tuple[int, *tuple[bytes, ...]]", reply)
        return Fetched(bool(alive), [event for batch in batches for event in decode(batch) if event.id > after])

    async def leave(self, stream: StreamId) -> None:
        """This worker's last reader has gone."""
        await self._redis.run(lambda redis: redis.zrem(self._key(stream, "readers"), self._worker))

    async def cancel(self, stream: StreamId) -> bool | None:
        """Marks a live stream. True: it is live; False: it has ended; None: unknown."""
        keys = [self._key(stream, part) for part in ("lease", "events", "cancel")]
        state = cast(int, await self._cancel(keys, [round(self._times.keep * 1000)]))
        return None if state < 0 else state == 1

    async def claim(self, claim: str, stream_id: str) -> str:
        """The stream that leads: this one where none did."""
        return cast(bytes, await self._claim([claim], [stream_id, round(self._times.lease * 1000)])).decode()

    def _key(self, stream: StreamId, part: str) -> str:
        return self._redis.key(stream.user_id, "stream", stream.stream_id, part)
