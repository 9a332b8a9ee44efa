"""Who wrote how much and when: the outline of a history, before any of its documents is made."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

MESSAGES_OF_USER = 150
"""On average, where there are many users."""
USERS_MIN = 500
HEAVIEST_SHARE = 0.015
"""Of all turns, by the user who writes most."""
LENGTH_SKEW = 1.3
"""Exponent of the Pareto distribution of turns in a conversation: most have one or two, a few have hundreds."""
TURNS_MAX = 250
LONGEST, LONGEST_SHARE = 500, 0.1
"""Turns of the longest conversation, the heaviest user's, and of that user's turns at most: its middle is deep."""


@dataclass(frozen=True, slots=True)
class Extent:
    """messages: questions and answers together. until: the last day (UTC), all of which is history."""

    messages: int
    until: date
    seed: int = 1
    days: int = 180

    @property
    def turns(self) -> int:
        return max(1, self.messages // 2)

    @property
    def users(self) -> int:
        return max(USERS_MIN, self.messages // MESSAGES_OF_USER)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.until, datetime.min.time(), UTC) + timedelta(days=1)

    @property
    def begins(self) -> datetime:
        return self.ends - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, order=True)
class Thread:
    """A conversation to be. starts_at: seconds after the beginning of the history. user: rank by use, 0 the first."""

    starts_at: float
    user: int
    number: int
    turns: int


def turns_of_users(extent: Extent) -> list[int]:
    """By rank, at least one each, extent.turns in all (or one each, where there are more users than that).

    The user of rank n writes in proportion to 1 / (n + shift), Zipf's law as Mandelbrot has it, with the shift that
    gives the first one HEAVIEST_SHARE.
    """
    users = min(extent.users, extent.turns)
    shift = _shift(users)
    total = sum(1 / (rank + shift) for rank in range(users))
    spare = extent.turns - users
    turns = [1 + int(spare / (rank + shift) / total) for rank in range(users)]
    for rank in range(extent.turns - sum(turns)):
        turns[rank % users] += 1
    return turns


def _shift(users: int) -> float:
    low, high = 1.0, float(users)
    while high - low > 1e-3:
        middle = (low + high) / 2
        share = 1 / middle / sum(1 / (rank + middle) for rank in range(users))
        low, high = (middle, high) if share > HEAVIEST_SHARE else (low, middle)
    return high


def threads(extent: Extent, rng: Random) -> list[Thread]:
    """All conversations, in the order in which they begin."""
    span = (extent.ends - extent.begins).total_seconds()
    planned: list[Thread] = []
    for user, turns in enumerate(turns_of_users(extent)):
        left = turns
        while left:
            drawn = min(TURNS_MAX, int(rng.paretovariate(LENGTH_SKEW)))
            longest = min(LONGEST, int(turns * LONGEST_SHARE)) if user == 0 and left == turns else 0
            length = min(left, max(drawn, longest))
            planned.append(Thread(rng.random() * span, user, len(planned), length))
            left -= length
    return sorted(planned)
