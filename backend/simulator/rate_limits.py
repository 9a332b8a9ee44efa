"""The vendor's rate limits: two buckets a model (requests per day, tokens per minute), and their headers."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.simulator.failures import message_too_large, rate_limited

DAY, MINUTE = 86_400, 60


@dataclass(slots=True)
class Bucket:
    """Fills continuously; used is what is missing from full."""

    limit: int
    window_s: int
    used: float = 0.0
    at: float = 0.0

    def refill(self, now: float) -> None:
        self.used = max(0.0, self.used - (now - self.at) * self.limit / self.window_s)
        self.at = now

    @property
    def remaining(self) -> int:
        return max(0, int(self.limit - self.used))

    def seconds_until(self, amount: float) -> float:
        """Seconds until this amount is free (0 when it is)."""
        return max(0.0, (self.used + amount - self.limit) * self.window_s / self.limit)

    @property
    def reset_s(self) -> float:
        return self.used * self.window_s / self.limit


def format_duration(seconds: float) -> str:
    """The vendor's notation: 2m59.56s, 7.66s, 120ms."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.4g}s" if minutes else f"{rest:.4g}s"


class RateLimits:
    """Limits by model. enforce False: they are reported and never refuse a call."""

    def __init__(
        self, requests_per_day: int, tokens_per_minute: int, *, enforce: bool, clock: Callable[[], float]
    ) -> None:
        self._limits = (requests_per_day, tokens_per_minute)
        self._enforce = enforce
        self._clock = clock
        self._buckets: dict[str, tuple[Bucket, Bucket]] = {}

    def clear(self) -> None:
        self._buckets.clear()

    def admit(self, model: str, tokens: int) -> dict[str, str]:
        """Takes one request and these tokens; returns the headers. Raises ApiFailure past a limit, if enforced."""
        requests, minute = self._fresh(model)
        if self._enforce:
            if tokens > minute.limit:
                raise message_too_large(model, minute.limit, tokens)
            for bucket, amount, kind in ((requests, 1, "requests"), (minute, tokens, "tokens")):
                if wait := bucket.seconds_until(amount):
                    raise rate_limited(model, kind, max(1, round(wait)))
        requests.used = min(requests.used + 1, requests.limit)
        minute.used = min(minute.used + tokens, minute.limit)
        return {
            "x-ratelimit-limit-requests": str(requests.limit),
            "x-ratelimit-limit-tokens": str(minute.limit),
            "x-ratelimit-remaining-requests": str(requests.remaining),
            "x-ratelimit-remaining-tokens": str(minute.remaining),
            "x-ratelimit-reset-requests": format_duration(requests.reset_s),
            "x-ratelimit-reset-tokens": format_duration(minute.reset_s),
        }

    def _fresh(self, model: str) -> tuple[Bucket, Bucket]:
        now = self._clock()
        buckets = self._buckets.get(model)
        if buckets is None:
            requests, tokens = self._limits
            buckets = self._buckets[model] = (Bucket(requests, DAY, at=now), Bucket(tokens, MINUTE, at=now))
        for bucket in buckets:
            bucket.refill(now)
        return buckets
