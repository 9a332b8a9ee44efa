"""Own traffic by day and domain: how many requests of which score, and what became of comparisons. Nobody is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from backend.domain.calibration.ranks import BINS
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "routing_traffic"
KEPT = timedelta(days=60)
PERMILLE = 1000

SINCE = Query(
    "routing_traffic.since",
    COLLECTION,
    lambda day: {"day": {"$gte": day}},
    {"day": ("day", "2026-01-01")},
    sort=(("day", 1), ("domain", 1)),
)
OF_DAY = Query(
    "routing_traffic.of_day",
    COLLECTION,
    lambda day, domain: {"day": day, "domain": domain},
    {"day": ("day", "2026-01-01"), "domain": ("domain", "none")},
    kind="write",
)
QUERIES = (SINCE, OF_DAY)


@dataclass(slots=True)
class TrafficDay:
    """Requests of one domain on one day (UTC) whose model was routing's choice. bins: by score, BINS of them.

    large: of these, how many the large model answered. allowed: how many the budgets in force allow it, in
    thousandths of a request. outcomes: of comparisons, by what became of them.
    """

    day: date
    domain: str
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    large: int = 0
    allowed: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return sum(self.bins)


class RoutingTrafficRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def add(self, row: TrafficDay, now: datetime) -> bool:
        """Adds the counts to those of the day. False: another worker began the row at this moment, nothing is added."""
        where = OF_DAY.where(day=row.day.isoformat(), domain=row.domain)
        try:
            with translated():
                await self._database.collection(COLLECTION).update_one(where, _change(row, now), upsert=True)
        except DuplicateKeyError:
            return False
        return True

    async def since(self, day: date) -> list[TrafficDay]:
        """Oldest first."""
        return [_day(row) for row in await self._database.find(SINCE, limit=0, day=day.isoformat())]


def _change(row: TrafficDay, now: datetime) -> Document:
    added = {f"bins.{place}": count for place, count in enumerate(row.bins) if count}
    added |= {f"outcomes.{name}": count for name, count in row.outcomes.items()}
    added |= {name: count for name, count in (("large", row.large), ("allowed", row.allowed)) if count}
    first = {"_id": ObjectId(), "expires_at": now + KEPT}
    return {"$inc": added, "$setOnInsert": first}


def _day(document: Document) -> TrafficDay:
    bins: Mapping[str, int] = document.get("bins", {})
    return TrafficDay(
        day=date.fromisoformat(document["day"]),
        domain=document["domain"],
        bins=[bins.get(str(place), 0) for place in range(BINS)],
        large=document.get("large", 0),
        allowed=document.get("allowed", 0),
        outcomes=dict(document.get("outcomes", {})),
    )
