"""What one worker may grant without asking Redis: a few requests per user and window, settled later."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from secrets import token_hex

from cachetools import TTLCache

USERS = 100_000
LEASE_SHARE = 4


@dataclass(frozen=True, slots=True)
class Draw:
    """A granted request. id: the same however often it is settled, so that it counts once."""

    id: str
    instant: float


class Leases:
    """A quota of max(1, limit // 4) unsettled requests per user within window_s seconds."""

    def __init__(self, limit: int, window_s: float, clock: Callable[[], float]) -> None:
        self._quota = max(1, limit // LEASE_SHARE)
        self._window_s = window_s
        self._clock = clock
        self._draws: TTLCache[str, deque[Draw]] = TTLCache(USERS, window_s, timer=clock)
        self._refused_until: TTLCache[str, float] = TTLCache(USERS, window_s, timer=clock)
        self._worker = token_hex(6)
        self._numbers = count()

    def draw(self, user_id: str) -> bool:
        """Takes one request of the lease. False: the lease is used up, or Redis has refused this user."""
        if self.free_in(user_id) > 0:
            return False
        draws = self._fresh(user_id)
        draws.append(Draw(f"{self._worker}:{next(self._numbers)}", self._clock()))
        self._draws[user_id] = draws  # stored anew, which renews its time to live
        return True

    def take_unsettled(self, user_id: str) -> Sequence[Draw]:
        """Requests granted here that Redis does not know yet; the caller settles them or gives them back."""
        draws = self._fresh(user_id)
        self._draws.pop(user_id, None)
        return tuple(draws)

    def give_back(self, user_id: str, draws: Sequence[Draw]) -> None:
        if draws:
            self._draws[user_id] = deque((*draws, *self._fresh(user_id)))

    def refuse_for(self, user_id: str, seconds: float) -> None:
        """Nothing is granted here until a slot is free again in Redis."""
        self._refused_until[user_id] = self._clock() + seconds

    def free_in(self, user_id: str) -> float:
        """Seconds until the lease has a request to give, 0 where it has one."""
        now = self._clock()
        draws = self._fresh(user_id)
        used_up_for = draws[0].instant + self._window_s - now if len(draws) >= self._quota else 0.0
        return max(used_up_for, self._refused_until.get(user_id, now) - now)

    def left(self, user_id: str) -> int:
        """How many requests the lease has to give now."""
        return 0 if self.free_in(user_id) > 0 else self._quota - len(self._fresh(user_id))

    def age(self, draw: Draw) -> float:
        """Seconds since it was granted."""
        return self._clock() - draw.instant

    def _fresh(self, user_id: str) -> deque[Draw]:
        oldest = self._clock() - self._window_s
        draws = self._draws.get(user_id) or deque()
        while draws and draws[0].instant <= oldest:
            draws.popleft()
        return draws
