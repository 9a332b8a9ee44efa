"""Usage: the daily counters for people and administrators, the ledger's records for proofs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from backend.domain.daily_usage import COUNTERS, AnalyticsData, DailyUsage
from backend.services.scalable_database import Query, ScalableDatabase
from backend.services.scalable_database.documents import daily_usage_from
from backend.services.scalable_database.reads import DAILY_USAGE, USER

TOTALS = Query(
    "usage_daily.totals",
    "usage_daily",
    lambda since: {"day": {"$gte": since}},
    {"since": ("day", "2026-01-01")},
    stages=(
        {
            "$group": {
                "_id": {"day": "$day", "model": "$model", "agent": "$agent"},
                **{name: {"$sum": f"${name}"} for name in COUNTERS},
            }
        },
        {"$sort": {"_id": -1}},
    ),
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
QUERIES = (TOTALS, OF_REQUESTS, LEDGER, COST_SINCE)


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """Of the ledger's records, one per upstream call. cost in pico-dollars, without the unpriced calls."""

    calls: int = 0
    cost: int = 0
    unpriced: int = 0
    prompt: int = 0
    completion: int = 0


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
