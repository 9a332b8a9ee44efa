"""A circuit breaker: after a few failures in a row nobody waits any more, one caller at a time probes."""

import time
from collections.abc import Callable

FAILURES = 3
COOLDOWN_S = 0.5


class Breaker:
    """Opens after `failures` failures in a row; while open, one caller per cooldown is let through as a probe."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        cooldown_s: float = COOLDOWN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = failures
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._failures = 0
        self._probe_at: float | None = None

    @property
    def closed(self) -> bool:
        return self._probe_at is None

    def allows(self) -> bool:
        """Whether a call may go out now. An open breaker that says yes has given away this cooldown's probe."""
        if self._probe_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._cooldown_s
        return True

    def succeeded(self) -> bool:
        """True where this closed the breaker."""
        self._failures = 0
        healed, self._probe_at = self._probe_at is not None, None
        return healed

    def failed(self) -> bool:
        """True where this opened the breaker."""
        self._failures += 1
        if self._failures < self._threshold:
            return False
        opened, self._probe_at = self._probe_at is None, self._clock() + self._cooldown_s
        return opened
