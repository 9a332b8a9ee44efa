"""The accounts: one per user and day, one for the installation and month. Both follow the calendar of UTC."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from backend.domain.budgets import Amount, Budget, BudgetDay, Caps
from backend.domain.daily_usage import total
from backend.domain.ids import new_id
from backend.services.budgets.hold import Part, Spent
from backend.services.limiter.ledger import Claim, Counter
from backend.services.redis_client import RedisClient
from backend.services.repositories.usage import AdminUsageRepository, UsageRepository

KEPT_S = 2 * 3600.0
"""An account outlives its period by this: whoever was answered across midnight settles the day before."""
INSTALLATION = "installation"


class BudgetAccounts:
    """clock: the current time, aware, in UTC."""

    def __init__(
        self, redis: RedisClient, usage: UsageRepository, totals: AdminUsageRepository, clock: Callable[[], datetime]
    ) -> None:
        self._redis = redis
        self._usage = usage
        self._totals = totals
        self.clock = clock

    def of_user(self, user_id: str, budget: Budget, amount: Amount, hold_s: float) -> Part:
        """amount: what the request may consume at most; an unknown cost is held as nothing."""
        now = self.clock()
        day = start_of_day(now)
        ends = day + timedelta(days=1)
        counters = (
            Counter("tokens", amount.tokens, budget.tokens),
            Counter("cost", amount.cost or 0, budget.cost),
        )
        key = self._redis.key(user_id, "budget", day.date().isoformat())
        return Part(
            "today's budget",
            "budget",
            Claim(key, new_id("hold"), counters, hold_s, (ends - now).total_seconds() + KEPT_S),
            {"tokens": ends, "cost": ends},
            partial(self._of_user, user_id, day),
            lambda spent: {"tokens": spent.tokens, "cost": spent.cost or 0},
        )

    def of_installation(self, caps: Caps, amount: Amount, hold_s: float) -> Part:
        now = self.clock()
        hour, month = now.replace(minute=0, second=0, microsecond=0), start_of_month(now)
        ends, in_hour = start_of_month(month + timedelta(days=32)), f"hour:{hour:%d%H}"
        cost = amount.cost or 0
        counters = (Counter(in_hour, cost, caps.hour), Counter("month", cost, caps.month))
        key = self._redis.key(INSTALLATION, "spend", f"{month:%Y-%m}")
        return Part(
            "the installation's spend cap",
            "spend cap",
            Claim(key, new_id("hold"), counters, hold_s, (ends - now).total_seconds() + KEPT_S),
            {in_hour: hour + timedelta(hours=1), "month": ends},
            partial(self._of_installation, hour, month, in_hour),
            lambda spent: {in_hour: spent.cost or 0, "month": spent.cost or 0},
        )

    async def spend(self) -> tuple[int, int]:
        """Pico-dollars that the installation spent (this hour, this month), as the ledger has it."""
        now = self.clock()
        hour = now.replace(minute=0, second=0, microsecond=0)
        return await self._totals.cost_since(hour), await self._of_month(start_of_month(now))

    async def today(self, user_id: str, budget: Budget) -> BudgetDay:
        """As the ledger has it."""
        day = start_of_day(self.clock())
        spent = await self._of_user(user_id, day)
        return BudgetDay(budget, spent["tokens"], spent["cost"], day, day + timedelta(days=1))

    async def _of_user(self, user_id: str, day: datetime) -> Spent:
        rows = await self._usage.daily(user_id, day.date())
        spent = total(row for row in rows if row.day == day.date().isoformat())
        return {"tokens": spent.tokens, "cost": spent.cost}

    async def _of_installation(self, hour: datetime, month: datetime, in_hour: str) -> Spent:
        return {in_hour: await self._totals.cost_since(hour), "month": await self._of_month(month)}

    async def _of_month(self, month: datetime) -> int:
        return await self._totals.cost_of_days(month.date())


def start_of_day(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def start_of_month(instant: datetime) -> datetime:
    return start_of_day(instant).replace(day=1)
