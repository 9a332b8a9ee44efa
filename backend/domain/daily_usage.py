"""What a user consumed on one day with one model through one agent."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from backend.domain.savings import Savings

CostField = Literal["user", "agent", "model"]
"""By what costs are summed."""


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """Counters of a (day, model, agent). day: ISO date in UTC. cost and baseline in pico-dollars.

    requests are counted where they were answered (a team's under the agent "team"), calls where they were made.
    saved_routing and saved_cache: see Savings.
    unpriced: calls of unknown cost, which cost leaves out. estimated: calls whose vendor reported no usage.
    response_time_s: sum over requests, in seconds.
    """

    day: str
    model: str
    agent: str
    requests: int = 0
    cached_requests: int = 0
    calls: int = 0
    prompt: int = 0
    cached_prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    cost: int = 0
    baseline: int = 0
    saved_routing: int = 0
    saved_cache: int = 0
    unpriced: int = 0
    estimated: int = 0
    response_time_s: float = 0.0

    @property
    def savings(self) -> Savings:
        return Savings(self.saved_routing, self.saved_cache)

    @property
    def tokens(self) -> int:
        return self.prompt + self.completion


COUNTERS: tuple[str, ...] = tuple(
    name for name in DailyUsage.__dataclass_fields__ if name not in ("day", "model", "agent")
)


def total(rows: Iterable[DailyUsage]) -> DailyUsage:
    """The sum of all rows; day, model and agent are empty."""
    rows = tuple(rows)
    return DailyUsage("", "", "", *(sum(getattr(row, name) for row in rows) for name in COUNTERS))


@dataclass(frozen=True, slots=True)
class AnalyticsData:
    """A user's usage over a period that ends today (UTC), newest day first."""

    user_id: str
    period_days: int
    rows: tuple[DailyUsage, ...]
    total: DailyUsage
