"""One limit of requests per subject as one worker sees it: its leases, and what Redis said last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cachetools import TTLCache

from backend.errors import RateLimited
from backend.services.limiter.lease import USERS, Draw, Leases
from backend.services.limiter.window import Window, WindowState


@dataclass(frozen=True, slots=True)
class RateState:
    """reset_s: seconds until the oldest counted request leaves the window and makes room for another."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What this worker last knew of a subject. resets_at: an instant of the clock."""

    remaining: int
    resets_at: float


class Meter:
    """name: as the audit log has it. A subject is a user's id, an API key's id, or a hash where it would tell who."""

    def __init__(self, name: str, limit: int, window_s: int, clock: Callable[[], float]) -> None:
        self._name = name
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._leases = Leases(limit, window_s, clock)
        self._known: TTLCache[str, _Known] = TTLCache(USERS, window_s, timer=clock)

    def window(self, key: str, draws: Sequence[Draw] = ()) -> Window:
        """draws: of the lease, to be settled."""
        return Window(key, self._limit, self._window_s, [(draw.id, self._leases.age(draw)) for draw in draws])

    def take_unsettled(self, subject: str) -> Sequence[Draw]:
        return self._leases.take_unsettled(subject)

    def give_back(self, subject: str, draws: Sequence[Draw]) -> None:
        self._leases.give_back(subject, draws)

    def hear(self, subject: str, state: WindowState) -> None:
        """What Redis says of it."""
        self._remember(subject, self._limit - state.count, state.free_in_s)
        if state.count >= self._limit:
            self._leases.refuse_for(subject, state.free_in_s)

    def free_in(self, subject: str) -> float:
        """Seconds until the lease has a request to give, 0 where it has one."""
        return self._leases.free_in(subject)

    def draw(self, subject: str) -> None:
        """Takes a request of the lease, which has one to give; Redis hears of it later."""
        self._leases.draw(subject)
        known = self._known.get(subject) or _Known(self._limit, self._clock() + self._window_s)
        self._known[subject] = _Known(max(0, known.remaining - 1), known.resets_at)

    def hear_of_lease(self, subject: str) -> None:
        """While Redis is away the lease is all that there is."""
        self._remember(subject, self._leases.left(subject), self._leases.free_in(subject) or self._window_s)

    def rate(self, subject: str) -> RateState | None:
        """As this worker knows it, from memory: None where it has not admitted the subject lately."""
        known = self._known.get(subject)
        if known is None:
            return None
        return RateState(self._limit, known.remaining, max(0.0, known.resets_at - self._clock()))

    def refusal(self, retry_after: float) -> RateLimited:
        text = f"The limit is {self._limit} requests in {self._window_s} seconds."
        return RateLimited(text, limit=self._name, retry_after=retry_after)

    def _remember(self, subject: str, remaining: int, reset_s: float) -> None:
        self._known[subject] = _Known(max(0, remaining), self._clock() + reset_s)
