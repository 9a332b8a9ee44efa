"""Budgets: how much a user may consume on a day (UTC), and what a request may consume at most."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """tokens and cost (pico-dollars) per day, None for no bound."""

    tokens: int | None = None
    cost: int | None = None

    def __bool__(self) -> bool:
        return self.tokens is not None or self.cost is not None


@dataclass(frozen=True, slots=True)
class Caps:
    """Pico-dollars that the whole installation may spend in an hour and in a month (UTC), None for no bound."""

    hour: int | None = None
    month: int | None = None

    def __bool__(self) -> bool:
        return self.hour is not None or self.month is not None


@dataclass(frozen=True, slots=True)
class Amount:
    """cost in pico-dollars, None where no price is known."""

    tokens: int
    cost: int | None

    def __add__(self, other: "Amount") -> "Amount":
        known = self.cost is not None and other.cost is not None
        return Amount(self.tokens + other.tokens, (self.cost or 0) + (other.cost or 0) if known else None)


@dataclass(frozen=True, slots=True)
class BudgetDay:
    """A user's budget and what was consumed of it on the day (UTC) between two instants. cost in pico-dollars."""

    budget: Budget
    tokens: int
    cost: int
    starts_at: datetime
    ends_at: datetime


NOTHING = Amount(0, 0)
