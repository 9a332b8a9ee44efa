"""Usage: the daily counters for people and administrators, the ledger's records for proofs."""

from datetime import date

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
    {"user_ids": ("none", ["user_none"]), "request_ids": ("none", ["req_none"])},
    fields=("user_id", "request_id", "call", "outcome"),
)
LEDGER_TOTAL = Query(
    "ai_usage.of_user",
    "ai_usage",
    lambda user_id, since: {"user_id": user_id, "timestamp": {"$gte": since}},
    {"user_id": USER, "since": ("timestamp", None)},
    stages=(
        {
            "$group": {
                "_id": None,
                "calls": {"$sum": 1},
                "cost": {"$sum": "$cost"},
                "prompt": {"$sum": "$prompt"},
                "completion": {"$sum": "$completion"},
            }
        },
    ),
    kind="aggregate",
)
QUERIES = (TOTALS, OF_REQUESTS, LEDGER_TOTAL)


class UsageRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def daily(self, user_id: str, since: date) -> list[DailyUsage]:
        """Newest day first."""
        documents = await self._database.find(DAILY_USAGE, limit=0, user_id=user_id, since=since.isoformat())
        return [daily_usage_from(document) for document in documents]

    async def analytics(self, user_id: str, days: int) -> AnalyticsData:
        return await self._database.get_analytics_data(user_id, days)


class AdminUsageRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def totals(self, since: date) -> list[DailyUsage]:
        """Of all users together, newest day first."""
        rows = await self._database.aggregate(TOTALS, since=since.isoformat())
        return [daily_usage_from({**row["_id"], **row}) for row in rows]
