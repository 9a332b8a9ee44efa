"""Waits as a server asks for it: what Retry-After says is waited, and counted."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

ASKS_TO_WAIT = frozenset({429, 503})


@dataclass(slots=True)
class Waits:
    """How often the server asked to come back later, and for how long altogether (s)."""

    count: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Pace:
    """patience_s: the longest that one request is held back in all. One account's requests share the wait."""

    patience_s: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    waits: Waits = field(default_factory=Waits)
    _free_at: float = 0.0

    async def until_free(self) -> None:
        """Returns when no earlier answer asks to wait any longer."""
        while (left := self._free_at - self.clock()) > 0:
            await self.sleep(left)

    def hold(self, status: int, headers: Mapping[str, str], waiting_since: float) -> bool:
        """True where the answer asks to come back and the request may still wait so long."""
        seconds = retry_after(headers) if status in ASKS_TO_WAIT else None
        if seconds is None:
            return False
        now = self.clock()
        if now + seconds - waiting_since > self.patience_s:
            return False
        self.waits.count += 1
        self.waits.seconds += max(0.0, now + seconds - max(now, self._free_at))
        self._free_at = max(self._free_at, now + seconds)
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; None without the header or where it is no number of seconds."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
