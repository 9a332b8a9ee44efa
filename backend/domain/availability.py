"""Availability as a promise: the share of requests that did not fail in the server, and what may still fail."""

from dataclasses import dataclass

OBJECTIVE_PERMILLE = 999
PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class Availability:
    """requests: all that were answered; failed: those with a 5xx status."""

    requests: int = 0
    failed: int = 0

    def __add__(self, other: "Availability") -> "Availability":
        return Availability(self.requests + other.requests, self.failed + other.failed)

    @property
    def share(self) -> float | None:
        """0 to 1, None where nothing was asked."""
        return 1 - self.failed / self.requests if self.requests else None

    @property
    def allowed(self) -> float:
        """The error budget: how many of these requests may fail."""
        return self.requests * (PERMILLE - OBJECTIVE_PERMILLE) / PERMILLE

    @property
    def left(self) -> float | None:
        """The share of the error budget that is left; below 0 the promise is broken. None where nothing was asked."""
        return 1 - self.failed / self.allowed if self.requests else None
