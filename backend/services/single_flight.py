"""Identical requests in flight share one call: exactly within a worker, as far as Redis allows across workers.

In a worker a flight's task belongs to SingleFlight, not to the caller who started it, so a caller who leaves hands
the flight (and the bill) to the others. Across workers the first flight holds a lease in Redis that it renews; the
others wait for its result. Without Redis, or when the lease lapses, a worker makes its own call.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import cast

import structlog

from backend.domain.ids import random_id
from backend.errors import DeadlineExceeded, Overloaded
from backend.services.performance_cache.answers import CachedAnswer, NotTheOwners, seal, unseal
from backend.services.redis_client import RedisClient, RedisUnavailable
from backend.services.tasks import end

LEASE_S = 5.0
RENEWALS_PER_LEASE = 3
RESULT_TTL_S = 10.0
POLL_MIN_S, POLL_MAX_S = 0.02, 0.25
POLL_SHARE = 0.1
SILENCE_S = 0.5  # a shorter absence of Redis is no reason to pay for a second call

# KEYS: lease, then the key of a stored answer (optional). ARGV: token, lease in ms.
# Reply: {the token that holds the lease, the stored answer where that is the caller's}
JOIN = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {ARGV[1], KEYS[2] and redis.call('GET', KEYS[2])}
end
return {redis.call('GET', KEYS[1])}
"""
# KEYS: lease. ARGV: token, lease in ms.
RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
# KEYS: lease, result. ARGV: token, and where there is a result: its bytes, its time to live in ms.
LEAVE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
"""

Produce = Callable[[], Awaitable[CachedAnswer]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recall:
    """Where the answer is stored if an identical call ended between its caller's look-up and this flight.

    key: in Redis, under the user's hash tag. read: decodes what is there; of None, where Redis is away, what this
    worker remembers.
    """

    key: str
    read: Callable[[bytes | None], CachedAnswer | None]


class _Flight:
    """One call of this worker and those who wait for it. remote: its answer came from somebody else's call."""

    def __init__(self, fly: "Callable[[_Flight], Coroutine[None, None, CachedAnswer]]") -> None:
        self.task = asyncio.create_task(fly(self))
        self.waiting = 0
        self.remote = False
        self.billed = False

    def bill(self) -> bool:
        """True for the first who asks, unless another worker has paid: that one was not coalesced."""
        first = not self.billed and not self.remote
        self.billed = True
        return first


class SingleFlight:
    """lease_s: how long other workers wait for one that no longer renews its lease.

    across_workers False saves two round trips to Redis per call where there is one worker only.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        lease_s: float = LEASE_S,
        across_workers: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._lease_s = lease_s
        self._across_workers = across_workers
        self._clock = clock
        self._flights: dict[tuple[str, str], _Flight] = {}
        self._tasks: set[asyncio.Task[CachedAnswer]] = set()
        self._releases: set[asyncio.Task[None]] = set()
        self._join = redis.script(JOIN)
        self._renew = redis.script(RENEW)
        self._leave = redis.script(LEAVE)

    async def run(
        self, user_id: str, key: str, produce: Produce, *, deadline: float, recall: Recall | None = None
    ) -> tuple[CachedAnswer, bool]:
        """(the answer, whether somebody else's call made it). deadline: time.monotonic() instant of this caller.

        Raises what produce raises, to all who wait in this worker; DeadlineExceeded.
        """
        flight = self._flights.get((user_id, key))
        if flight is None or flight.task.done():
            flight = self._start(user_id, key, produce, recall)
        flight.waiting += 1
        try:
            answer = await self._wait(flight, deadline)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                await self._abandon(user_id, key, flight)
        return answer, not flight.bill()

    async def start(self) -> None:
        """Nothing to open; here so that wiring treats all services alike."""

    async def close(self) -> None:
        """Cancels and awaits the calls under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._releases)

    def _start(self, user_id: str, key: str, produce: Produce, recall: Recall | None) -> _Flight:
        flight = _Flight(lambda flight: self._fly(flight, user_id, key, produce, recall))
        self._flights[user_id, key] = flight
        self._tasks.add(flight.task)
        flight.task.add_done_callback(lambda _: self._landed(user_id, key, flight))
        return flight

    def _landed(self, user_id: str, key: str, flight: _Flight) -> None:
        self._tasks.discard(flight.task)
        self._forget(user_id, key, flight)
        if not flight.task.cancelled():
            flight.task.exception()  # whoever waited has it; with nobody left it is nobody's

    def _forget(self, user_id: str, key: str, flight: _Flight) -> None:
        if self._flights.get((user_id, key)) is flight:
            del self._flights[user_id, key]

    async def _wait(self, flight: _Flight, deadline: float) -> CachedAnswer:
        done, _ = await asyncio.wait({flight.task}, timeout=max(0.0, deadline - self._clock()))
        if not done:
            raise DeadlineExceeded("The answer did not arrive in time.")
        if flight.task.cancelled():
            raise Overloaded("The server is shutting down.", retry_after=1.0)
        return flight.task.result()

    async def _abandon(self, user_id: str, key: str, flight: _Flight) -> None:
        """The last waiter ends the call, and waits until it has ended."""
        self._forget(user_id, key, flight)
        if not flight.task.done():
            flight.task.cancel()
            await _end_of(flight.task)

    async def _fly(
        self, flight: _Flight, user_id: str, key: str, produce: Produce, recall: Recall | None
    ) -> CachedAnswer:
        async def lead(stored: bytes | None) -> CachedAnswer:
            known = recall.read(stored) if recall else None
            flight.remote = known is not None
            return known or await produce()

        if not self._across_workers:
            return await lead(None)
        lease = _Lease(self._redis.key(user_id, "flight", key), random_id())
        while True:
            try:
                holder, stored = await self._hold(lease, recall)
            except RedisUnavailable:
                return await lead(None)
            if holder == lease.token:
                return await self._lead(lease, user_id, key, partial(lead, stored) if stored else produce)
            answer = await self._follow(lease, holder, user_id, key)
            if answer is not None:
                flight.remote = True
                return answer

    async def _hold(self, lease: "_Lease", recall: Recall | None) -> tuple[str, bytes | None]:
        """(the token of the worker that makes this call, the stored answer where that is this one)."""
        keys = [lease.key, recall.key] if recall else [lease.key]
        reply = await self._join(keys, [lease.token, round(self._lease_s * 1000)])
        holder, *stored = cast("tuple[bytes, *tuple[bytes | None, ...]]", reply)
        return holder.decode(), stored[0] if stored else None

    async def _lead(self, lease: "_Lease", user_id: str, key: str, produce: Produce) -> CachedAnswer:
        renewing = asyncio.create_task(self._keep(lease))
        result: bytes | None = None
        try:
            answer = await produce()
            result = seal(user_id, key, answer.encode())
            return answer
        finally:
            release = asyncio.create_task(self._release(lease, renewing, result))  # close() alone waits for it
            self._releases.add(release)
            release.add_done_callback(self._releases.discard)

    async def _keep(self, lease: "_Lease") -> None:
        while True:
            await asyncio.sleep(self._lease_s / RENEWALS_PER_LEASE)
            with suppress(RedisUnavailable):
                await self._renew([lease.key], [lease.token, round(self._lease_s * 1000)])

    async def _release(self, lease: "_Lease", renewing: "asyncio.Task[None]", result: bytes | None) -> None:
        await end(renewing)
        outcome: list[bytes | int] = [] if result is None else [result, round(RESULT_TTL_S * 1000)]
        with suppress(RedisUnavailable):
            await self._leave([lease.key, lease.result_key(lease.token)], [lease.token, *outcome])

    async def _follow(self, lease: "_Lease", holder: str, user_id: str, key: str) -> CachedAnswer | None:
        """The answer of another worker's call, None where it failed, or it or Redis has gone."""
        keys = [lease.key, lease.result_key(holder)]
        started = heard_at = self._clock()
        while self._clock() - heard_at < SILENCE_S:
            with suppress(RedisUnavailable):
                now_held_by, result = await self._redis.run(lambda redis: redis.mget(keys))
                if result is not None:
                    return _decode(user_id, key, cast(bytes, result))
                if now_held_by != holder.encode():
                    return None
                heard_at = self._clock()
            await asyncio.sleep(min(POLL_MAX_S, max(POLL_MIN_S, POLL_SHARE * (self._clock() - started))))
        return None


async def _end_of(task: "asyncio.Task[CachedAnswer]") -> None:
    """Waits for a cancelled task even if its waiter is cancelled once more: nobody else would settle its call."""
    again: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            again = error
    if again:
        raise again


@dataclass(frozen=True, slots=True)
class _Lease:
    key: str
    token: str

    def result_key(self, token: str) -> str:
        """Results are kept per call: only who waited for that call reads it, a later request makes its own."""
        return f"{self.key}:{token}"


def _decode(user_id: str, key: str, result: bytes) -> CachedAnswer | None:
    try:
        return CachedAnswer.decode(unseal(user_id, key, result))
    except (NotTheOwners, ValueError, TypeError, KeyError):
        log.error("flight_result_rejected")  # noqa: TRY400 (the value stays out of the log)
        return None
