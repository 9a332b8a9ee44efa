"""A timeout that blames the peer only for time in which the event loop was free to read its reply."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PUNCTUAL_S = 0.002
LOOP_TURNS = 4


class _Timer:
    """Ends the scope `seconds` from now; where the loop was late it gives the lost time back, up to as much again."""

    def __init__(self, scope: asyncio.Timeout, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._scope = scope
        self._spare_s = seconds
        self._handle: asyncio.Handle = self._wait(seconds)

    def cancel(self) -> None:
        self._handle.cancel()

    def _wait(self, seconds: float) -> asyncio.Handle:
        return self._loop.call_later(seconds, self._due, self._loop.time() + seconds)

    def _due(self, instant: float) -> None:
        lost = min(self._loop.time() - instant, self._spare_s)
        if lost > PUNCTUAL_S:
            self._spare_s -= lost
            self._handle = self._wait(lost)
        else:
            self._expire(LOOP_TURNS)

    def _expire(self, turns: int) -> None:
        """A reply that has arrived by now is read and delivered within a few turns of the loop."""
        if turns:
            self._handle = self._loop.call_soon(self._expire, turns - 1)
        else:
            self._scope.reschedule(self._loop.time())


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError like asyncio.timeout."""
    async with asyncio.timeout(None) as scope:
        timer = _Timer(scope, seconds)
        try:
            yield
        finally:
            timer.cancel()
