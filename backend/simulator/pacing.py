"""Many streams at their own pace from one timer: a task for each would cost what is to be measured."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from itertools import count

TICK_S = 0.001
"""Tokens go out so much too late at most, where the process has the time for them."""


@dataclass(slots=True)
class _Playing:
    events: Iterator[bytes]
    write: Callable[[bytes], None]
    interval_s: float
    ended: "asyncio.Future[None]"


class Pacer:
    """clock: seconds that only rise. Events are taken from their iterator when they are due, not before."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, _Playing]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def play(self, events: Iterator[bytes], write: Callable[[bytes], None], first_at: float, rate: float) -> None:
        """Returns when the last event is written. first_at: instant of the clock; rate: events a second, above 0."""
        ended = asyncio.get_running_loop().create_future()
        heappush(self._due, (first_at, next(self._numbers), _Playing(events, write, 1 / rate, ended)))
        if self._timer is None:
            self._wait()
        await ended  # cancelled: _tick leaves the stream out from then on

    def _wait(self) -> None:
        pause_s = max(TICK_S, self._due[0][0] - self._clock())
        self._timer = asyncio.get_running_loop().call_later(pause_s, self._tick)

    def _tick(self) -> None:
        now, self._timer = self._clock(), None
        while self._due and self._due[0][0] <= now:
            self._advance()
        if self._due:
            self._wait()

    def _advance(self) -> None:
        """The next event of the stream that is due first."""
        due, number, playing = self._due[0]
        event = None if playing.ended.done() else next(playing.events, None)
        if event is not None:
            playing.write(event)
            heapreplace(self._due, (due + playing.interval_s, number, playing))
            return
        heappop(self._due)
        if not playing.ended.done():
            playing.ended.set_result(None)
