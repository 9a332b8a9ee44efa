"""Days that are over, summed over all users, one document a day: what reports read instead of everybody's counters.

The daily counters stay the truth. A day without a document is summed from them, so that a document may be missing or
be deleted at any time, and nothing that is reported changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from backend.domain.calibration.comparisons import COMPARISONS_OWNER
from backend.domain.daily_usage import COUNTERS, DailyUsage
from backend.services.scalable_database import Delete, Document, Query, ScalableDatabase, Write, translated
from backend.services.scalable_database.documents import daily_usage_from

COLLECTION = "usage_totals"
SUMS: Document = {name: {"$sum": f"${name}"} for name in COUNTERS}
LONGEST_DAYS = 10_000

CLOSED = Query(
    "usage_totals.since",
    COLLECTION,
    lambda since: {"_id": {"$gte": since}},
    {"since": ("_id", "2026-01-01")},
    sort=(("_id", 1),),
)
DAYS = Query(
    "usage_totals.days",
    COLLECTION,
    lambda since: {"_id": {"$gte": since}},
    {"since": ("_id", "2026-01-01")},
    sort=(("_id", 1),),
    fields=("_id",),
)
ONE = Query("usage_totals.of_day", COLLECTION, lambda day: {"_id": day}, {"day": ("_id", "2026-01-01")}, kind="write")
FIRST = Query("usage_daily.first", "usage_daily", dict, {}, sort=(("day", 1), ("user_id", 1)), fields=("day",))
OF_DAY = Query(
    "usage_daily.of_day",
    "usage_daily",
    lambda day: {"day": day},
    {"day": ("day", "2026-01-01")},
    stages=({"$group": {"_id": {"model": "$model", "agent": "$agent"}, **SUMS}},),
    kind="aggregate",
)
USERS = Query(
    "usage_daily.users",
    "usage_daily",
    lambda first, last: {"day": {"$gte": first, "$lte": last}},
    {"first": ("day", "2026-01-01"), "last": ("day", "2026-01-31")},
    stages=(
        {"$group": {"_id": "$user_id"}},
        {"$match": {"_id": {"$ne": COMPARISONS_OWNER}}},
        {"$count": "users"},
    ),
    kind="aggregate",
)
QUERIES = (CLOSED, DAYS, ONE, FIRST, OF_DAY, USERS)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """day: ISO, UTC. users: people who asked something. month_users: in its month, where it is the last day of it."""

    day: str
    users: int
    month_users: int | None
    rows: tuple[DailyUsage, ...]


class AdminUsageTotalsRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def closed(self, since: date) -> list[ClosedDay]:
        """Oldest first."""
        rows = await self._database.find(CLOSED, limit=LONGEST_DAYS, since=since.isoformat())
        return [_closed_day(row) for row in rows]

    async def missing(self, until: date) -> list[date]:
        """Days from the first that was counted to this one that have no document, oldest first."""
        first = await self._database.find_one(FIRST)
        if first is None or first["day"] > until.isoformat():
            return []
        begins = date.fromisoformat(first["day"])
        known = {row["_id"] for row in await self._database.find(DAYS, limit=LONGEST_DAYS, since=first["day"])}
        days = (begins + timedelta(days=number) for number in range((until - begins).days + 1))
        return [day for day in days if day.isoformat() not in known]

    async def close(self, day: date) -> None:
        """Sums the day's counters, which must not change any more, or opened_by() opens it again."""
        text = day.isoformat()
        rows = await self._database.aggregate(OF_DAY, day=text)
        document: Document = {
            "users": await self.users(text, text),
            "month_users": await self.users(f"{text[:-2]}01", text) if day == last_of_month(day) else None,
            "rows": [{**row.pop("_id"), **row} for row in rows],
        }
        with translated():
            await self._database.collection(COLLECTION).replace_one(ONE.where(day=text), document, upsert=True)

    async def users(self, first: str, last: str) -> int:
        """People who asked something from one day (ISO, UTC) to another."""
        rows = await self._database.aggregate(USERS, first=first, last=last)
        return sum(row["users"] for row in rows)


def opened_by(days: Sequence[date]) -> list[Write]:
    """What belongs into the transaction that counts something on days long past: they are summed anew."""
    changed = {day.isoformat() for day in days} | {last_of_month(day).isoformat() for day in days}
    return [Delete(COLLECTION, ONE.where(day=day), many=True) for day in sorted(changed)]


def last_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _closed_day(document: Document) -> ClosedDay:
    day = document["_id"]
    rows = tuple(daily_usage_from({"day": day, **row}) for row in document["rows"])
    return ClosedDay(day, document["users"], document["month_users"], rows)
