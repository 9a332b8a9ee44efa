"""Admits a request to all limits that it falls under, or to none: exactly by Redis, by leases where it is away."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from backend.errors import RateLimited
from backend.services.limiter.ledger import Claim, Verdict
from backend.services.limiter.meter import Meter, RateState
from backend.services.limiter.places import Slot, too_many
from backend.services.limiter.window import Counted, SlidingWindows, Window
from backend.services.redis_client import RedisClient, RedisUnavailable


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit that a request falls under. subject: whom it is counted for. key: of the window in Redis."""

    meter: Meter
    subject: str
    key: str


@dataclass(frozen=True, slots=True)
class Admission:
    """rate: the tightest, None without a limit. stored: what was under the value key, not yet verified.

    verdict: on the claim; None where there was none, where something was stored, or where Redis is away.
    """

    rate: RateState | None
    stored: bytes | None
    verdict: Verdict | None = None


class Gate:
    def __init__(self, redis: RedisClient) -> None:
        self._windows = SlidingWindows(redis)

    async def admit(
        self,
        limits: Sequence[Limited],
        *,
        value_key: str | None = None,
        claim: Claim | None = None,
        slot: Slot | None = None,
        hold_s: float = 0.0,
    ) -> Admission:
        """One round trip; while Redis is away, from the leases. Raises RateLimited.

        slot: to hold among the user's requests on all workers, for hold_s seconds where a crash keeps it.
        """
        place = slot.place(hold_s) if slot else None
        if not (limits or value_key or claim or place):
            return Admission(None, None)
        try:
            with _settling(limits) as windows:
                counted = await self._windows.take(windows, place=place, claim=claim, value_key=value_key)
        except RedisUnavailable:
            return self._from_leases(limits)
        if slot:
            slot.shared = counted.placed
        _hear(limits, counted)
        if counted.busy and place:
            raise too_many(place.limit)
        return Admission(tightest(limits), counted.value, counted.verdict)

    def admit_local(self, limits: Sequence[Limited]) -> bool:
        """Grants a request from the leases, without Redis. False: ask admit()."""
        if any(limited.meter.free_in(limited.subject) > 0 for limited in limits):
            return False
        for limited in limits:
            limited.meter.draw(limited.subject)
        return True

    async def look(self, limits: Sequence[Limited]) -> None:
        """Finds out what the meters do not know, and counts nothing. Raises RedisUnavailable."""
        counted = await self._windows.look([limited.meter.window(limited.key) for limited in limits])
        for limited, state in zip(limits, counted.windows, strict=True):
            limited.meter.hear(limited.subject, state)

    def _from_leases(self, limits: Sequence[Limited]) -> Admission:
        granted = self.admit_local(limits)
        for limited in limits:
            limited.meter.hear_of_lease(limited.subject)
        if not granted:
            raise _refusal({limited: limited.meter.free_in(limited.subject) for limited in limits})
        return Admission(tightest(limits), None)


def tightest(limits: Sequence[Limited]) -> RateState | None:
    """Of the limits that this worker knows about: the one that leaves the fewest requests, and the longest."""
    rates = [rate for limited in limits if (rate := limited.meter.rate(limited.subject))]
    return min(rates, key=lambda rate: (rate.remaining, -rate.reset_s), default=None)


@contextmanager
def _settling(limits: Sequence[Limited]) -> Iterator[list[Window]]:
    """The windows with what the leases granted, which is given back where Redis does not confirm that it counted it.

    A cancellation too: settled or not, by their ids they count once.
    """
    unsettled = [(limited, limited.meter.take_unsettled(limited.subject)) for limited in limits]
    given = {limited: draws for limited, draws in unsettled if draws}
    try:
        yield [limited.meter.window(limited.key, draws) for limited, draws in unsettled]
        given = {}
    finally:
        for limited, draws in given.items():
            limited.meter.give_back(limited.subject, draws)


def _hear(limits: Sequence[Limited], counted: Counted) -> None:
    """Raises RateLimited where one of them refuses."""
    refused: dict[Limited, float] = {}
    for limited, state in zip(limits, counted.windows, strict=True):
        limited.meter.hear(limited.subject, state)
        if state.refused:
            refused[limited] = state.free_in_s
    if refused:
        raise _refusal(refused)


def _refusal(free_in_s: Mapping[Limited, float]) -> RateLimited:
    """Of the limit that refuses longest."""
    limited = max(free_in_s, key=lambda limited: free_in_s[limited])
    return limited.meter.refusal(free_in_s[limited])
