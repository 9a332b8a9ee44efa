"""Usage: the daily counters for people and administrators, the ledger's records for proofs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

from backend.domain.daily_usage import AnalyticsData, CostField, DailyUsage, total
from backend.services.repositories.usage_totals import SUMS, AdminUsageTotalsRepository, ClosedDay
from backend.services.scalable_database import Document, Query, ScalableDatabase
from backend.services.scalable_database.documents import daily_usage_from
from backend.services.scalable_database.reads import DAILY_USAGE, USER

COST_ROWS_MAX = 100
MONTH = len("2026-01")


def _of_everybody(name: str, *stages: Document) -> Query:
    return Query(
        name,
        "usage_daily",
        lambda since, without=(): {"day": {"$gte": since, "$nin": list(without)}},
        {"since": ("day", "2026-01-01")},
        stages=stages,
        kind="aggregate",
    )


TOTALS = _of_everybody(
    "usage_daily.totals", {"$group": {"_id": {"day": "$day", "model": "$model", "agent": "$agent"}, **SUMS}}
)
COST = _of_everybody("usage_daily.cost", {"$group": {"_id": None, "cost": {"$sum": "$cost"}}})
DEAREST_USERS = _of_everybody(
    "usage_daily.dearest_users",
    {"$group": {"_id": "$user_id", "cost": {"$sum": "$cost"}}},
    {"$sort": {"cost": -1, "_id": 1}},
    {"$limit": COST_ROWS_MAX},
)
OF_USERS = Query(
    "usage_daily.of_users",
    "usage_daily",
    lambda user_ids, since: {"user_id": {"$in": list(user_ids)}, "day": {"$gte": since}},
    {"user_ids": ("user_id", ["user_none"]), "since": ("day", "2026-01-01")},
    stages=({"$group": {"_id": "$user_id", **SUMS}},),
    kind="aggregate",
)
OF_REQUESTS = Query(
    "ai_usage.of_requests",
    "ai_usage",
    lambda user_ids, request_ids: {"user_id": {"$in": list(user_ids)}, "request_id": {"$in": list(request_ids)}},
    {"user_ids": ("user_id", ["user_none"]), "request_ids": ("request_id", ["req_none"])},
    fields=("user_id", "request_id", "call", "outcome"),
)
LEDGER = Query(
    "ai_usage.of_user",
    "ai_usage",
    lambda user_id, since: {"user_id": user_id, "timestamp": {"$gte": since}},
    {"user_id": USER, "since": ("timestamp", datetime(2026, 1, 1, tzinfo=UTC))},
    stages=(
        {
            "$group": {
                "_id": None,
                "calls": {"$sum": 1},
                "cost": {"$sum": "$cost"},
                "unpriced": {"$sum": {"$cond": [{"$eq": ["$cost", None]}, 1, 0]}},
                "prompt": {"$sum": "$prompt"},
                "completion": {"$sum": "$completion"},
            }
        },
    ),
    kind="aggregate",
)
COST_SINCE = Query(
    "ai_usage.cost_since",
    "ai_usage",
    lambda since: {"timestamp": {"$gte": since}},
    {"since": ("timestamp", datetime(2026, 1, 1, tzinfo=UTC))},
    stages=({"$group": {"_id": None, "cost": {"$sum": "$cost"}}},),
    kind="aggregate",
)
QUERIES = (TOTALS, COST, DEAREST_USERS, OF_USERS, OF_REQUESTS, LEDGER, COST_SINCE)


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """Of the ledger's records, one per upstream call. cost in pico-dollars, without the unpriced calls."""

    calls: int = 0
    cost: int = 0
    unpriced: int = 0
    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """What all users together consumed in a day ("2026-11-22") or month ("2026-11"), and how many of them did."""

    period: str
    users: int
    usage: DailyUsage


class UsageRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def daily(self, user_id: str, since: date) -> list[DailyUsage]:
        """Newest day first."""
        documents = await self._database.find(DAILY_USAGE, limit=0, user_id=user_id, since=since.isoformat())
        return [daily_usage_from(document) for document in documents]

    async def analytics(self, user_id: str, days: int) -> AnalyticsData:
        return await self._database.get_analytics_data(user_id, days)

    async def ledger(self, user_id: str, since: datetime) -> LedgerTotal:
        """Summed by the database from the records themselves: what the counters must agree with."""
        rows = await self._database.aggregate(LEDGER, user_id=user_id, since=since)
        return LedgerTotal(**{name: row[name] for row in rows for name in LedgerTotal.__dataclass_fields__})


class AdminUsageRepository:
    """Days that are closed come from usage_totals, the others from everybody's counters."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database
        self._totals = AdminUsageTotalsRepository(database)

    async def cost_since(self, since: datetime) -> int:
        """Pico-dollars of all users' calls, as the ledger has them; unpriced calls are left out."""
        rows = await self._database.aggregate(COST_SINCE, since=since)
        return sum(row["cost"] for row in rows)

    async def cost_of_days(self, since: date) -> int:
        """Pico-dollars of all users' calls on these days, as the counters have them."""
        closed = await self._totals.closed(since)
        first, without = _open_days(since, closed)
        rows = await self._database.aggregate(COST, since=first, without=without)
        costs = [row.cost for day in closed for row in day.rows]
        return sum(costs, sum(row["cost"] for row in rows))

    async def totals(self, since: date) -> list[DailyUsage]:
        """Of all users together, newest day first."""
        return await self._with_open_days(since, await self._totals.closed(since))

    async def costs(self, by: CostField, since: date, limit: int) -> list[tuple[str, DailyUsage]]:
        """(user id, agent or model, what it consumed), the dearest first. limit: up to COST_ROWS_MAX."""
        if by == "user":
            return await self._costs_of_users(since, limit)
        groups = _grouped(await self.totals(since), attrgetter(by))
        found = [(name, total(rows)) for name, rows in groups.items()]
        return sorted(found, key=lambda row: (-row[1].cost, row[0]))[:limit]

    async def total(self, since: date) -> DailyUsage:
        """Of all users together; day, model and agent are empty."""
        return total(await self.totals(since))

    async def by_day(self, since: date) -> list[PeriodUsage]:
        """Oldest first, days without usage left out."""
        closed = await self._totals.closed(since)
        people = {day.day: day.users for day in closed}
        groups = _grouped(await self._with_open_days(since, closed), attrgetter("day"))
        return [
            PeriodUsage(day, people[day] if day in people else await self._totals.users(day, day), total(rows))
            for day, rows in sorted(groups.items())
        ]

    async def by_month(self, since: date) -> list[PeriodUsage]:
        """Oldest first, months without usage left out. since: the first of a month."""
        closed = await self._totals.closed(since)
        people = {day.day[:MONTH]: day.month_users for day in closed if day.month_users is not None}
        groups = _grouped(await self._with_open_days(since, closed), lambda row: row.day[:MONTH])
        return [
            PeriodUsage(
                month,
                people[month] if month in people else await self._totals.users(f"{month}-01", f"{month}-31"),
                total(rows),
            )
            for month, rows in sorted(groups.items())
        ]

    async def _with_open_days(self, since: date, closed: Sequence[ClosedDay]) -> list[DailyUsage]:
        first, without = _open_days(since, closed)
        rows = await self._database.aggregate(TOTALS, since=first, without=without)
        found = [row for day in closed for row in day.rows]
        found += [daily_usage_from({**row["_id"], **row}) for row in rows]
        return sorted(found, key=attrgetter("day", "model", "agent"), reverse=True)

    async def _costs_of_users(self, since: date, limit: int) -> list[tuple[str, DailyUsage]]:
        """Who is dearest is found by cost alone: all counters of everybody are much more to sum."""
        dearest = [row["_id"] for row in await self._database.aggregate(DEAREST_USERS, since=since.isoformat())][:limit]
        rows = await self._database.aggregate(OF_USERS, user_ids=dearest, since=since.isoformat())
        sums = {row["_id"]: daily_usage_from({"day": "", "model": "", "agent": "", **row}) for row in rows}
        return [(user_id, sums[user_id]) for user_id in dearest if user_id in sums]


def _open_days(since: date, closed: Sequence[ClosedDay]) -> tuple[str, list[str]]:
    """The first of these days that is not closed, and the closed ones after it."""
    known = {day.day for day in closed}
    while since.isoformat() in known:
        since += timedelta(days=1)
    return since.isoformat(), sorted(day for day in known if day > since.isoformat())


def _grouped(rows: Iterable[DailyUsage], key: Callable[[DailyUsage], str]) -> dict[str, list[DailyUsage]]:
    groups: dict[str, list[DailyUsage]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
