"""Usage: the daily counters for people and administrators, the ledger's records for proofs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from backend.domain.calibration.comparisons import COMPARISONS_OWNER
from backend.domain.daily_usage import COUNTERS, AnalyticsData, CostField, DailyUsage
from backend.services.scalable_database import Document, Query, ScalableDatabase
from backend.services.scalable_database.documents import daily_usage_from
from backend.services.scalable_database.reads import DAILY_USAGE, USER

SUMS: Document = {name: {"$sum": f"${name}"} for name in COUNTERS}
COST_ROWS_MAX = 100


def _of_everybody(name: str, *stages: Document) -> Query:
    return Query(
        name,
        "usage_daily",
        lambda since: {"day": {"$gte": since}},
        {"since": ("day", "2026-01-01")},
        stages=stages,
        kind="aggregate",
    )


TOTALS = _of_everybody(
    "usage_daily.totals",
    {"$group": {"_id": {"day": "$day", "model": "$model", "agent": "$agent"}, **SUMS}},
    {"$sort": {"_id": -1}},
)


def _costs(name: str, field: str) -> Query:
    """By one field, the dearest first."""
    group, sort = {"_id": f"${field}", **SUMS}, {"cost": -1, "_id": 1}
    return _of_everybody(name, {"$group": group}, {"$sort": sort}, {"$limit": COST_ROWS_MAX})


COSTS: Mapping[CostField, Query] = {
    "user": _costs("usage_daily.by_user", "user_id"),
    "agent": _costs("usage_daily.by_agent", "agent"),
    "model": _costs("usage_daily.by_model", "model"),
}
TOTAL = _of_everybody("usage_daily.total", {"$group": {"_id": None, **SUMS}})


def _periods(name: str, period: Document | str) -> Query:
    """By a period of days, with the number of people who used it, oldest first."""
    is_user = {"$cond": [{"$eq": ["$_id.user_id", COMPARISONS_OWNER]}, 0, 1]}
    return _of_everybody(
        name,
        {"$group": {"_id": {"period": period, "user_id": "$user_id"}, **SUMS}},
        {"$group": {"_id": "$_id.period", "users": {"$sum": is_user}, **SUMS}},
        {"$sort": {"_id": 1}},
    )


BY_DAY = _periods("usage_daily.by_day", "$day")
BY_MONTH = _periods("usage_daily.by_month", {"$substr": ["$day", 0, len("2026-01")]})
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
QUERIES = (TOTALS, *COSTS.values(), TOTAL, BY_DAY, BY_MONTH, OF_REQUESTS, LEDGER, COST_SINCE)


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
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def cost_since(self, since: datetime) -> int:
        """Pico-dollars of all users' calls, as the ledger has them; unpriced calls are left out."""
        rows = await self._database.aggregate(COST_SINCE, since=since)
        return sum(row["cost"] for row in rows)

    async def totals(self, since: date) -> list[DailyUsage]:
        """Of all users together, newest day first."""
        rows = await self._database.aggregate(TOTALS, since=since.isoformat())
        return [daily_usage_from({**row["_id"], **row}) for row in rows]

    async def costs(self, by: CostField, since: date, limit: int) -> list[tuple[str, DailyUsage]]:
        """(user id, agent or model, what it consumed), the dearest first. limit: up to COST_ROWS_MAX."""
        rows = await self._database.aggregate(COSTS[by], since=since.isoformat())
        return [(str(row["_id"]), _sums(row)) for row in rows[:limit]]

    async def total(self, since: date) -> DailyUsage:
        """Of all users together; day, model and agent are empty."""
        rows = await self._database.aggregate(TOTAL, since=since.isoformat())
        return _sums(rows[0]) if rows else _sums({})

    async def by_day(self, since: date) -> list[PeriodUsage]:
        return await self._periods(BY_DAY, since)

    async def by_month(self, since: date) -> list[PeriodUsage]:
        """since: the first of a month."""
        return await self._periods(BY_MONTH, since)

    async def _periods(self, query: Query, since: date) -> list[PeriodUsage]:
        rows = await self._database.aggregate(query, since=since.isoformat())
        return [PeriodUsage(row["_id"], row["users"], _sums(row)) for row in rows]


def _sums(row: Document) -> DailyUsage:
    return daily_usage_from({"day": "", "model": "", "agent": "", **row})
