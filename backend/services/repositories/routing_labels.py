"""Labels: what single requests say of the large model's gain. No words of anybody's, one of each source an answer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bson import ObjectId

from backend.domain.calibration.fit import Label, Source
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated
from backend.services.scalable_database.reads import USER

COLLECTION = "routing_labels"
KEPT = timedelta(days=180)
LABELS_MAX = 20_000
"""The newest of them; a fit rests on no more."""
FIELDS = ("domain", "score", "gain", "weight", "source", "at")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)

OF_ANSWER = Query(
    "routing_labels.of_answer",
    COLLECTION,
    lambda user_id, message_id, source: {"user_id": user_id, "message_id": message_id, "source": source},
    {"user_id": USER, "message_id": ("message_id", "msg_none"), "source": ("source", "thumbs")},
    kind="write",
)
NEWEST = Query(
    "routing_labels.newest",
    COLLECTION,
    lambda since: {"at": {"$gte": since}},
    {"since": ("at", FIRST)},
    sort=(("at", -1), ("_id", -1)),
    fields=FIELDS,
)
SUMS = Query(
    "routing_labels.sums",
    COLLECTION,
    lambda since: {"at": {"$gte": since}},
    {"since": ("at", FIRST)},
    stages=({"$group": {"_id": {"source": "$source", "gain": "$gain"}, "labels": {"$sum": 1}}}, {"$sort": {"_id": 1}}),
    kind="aggregate",
)
QUERIES = (OF_ANSWER, NEWEST, SUMS)


@dataclass(frozen=True, slots=True)
class LabelSum:
    """How many labels of a source say the same. gain: 1 the large model's answer is better, 0 as good, -1 worse."""

    source: Source
    gain: int
    labels: int


class RoutingLabelRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def put(self, user_id: str, message_id: str, model: str, label: Label) -> None:
        """Instead of an earlier one of the same source on the same answer. model: which gave the answer."""
        document: Document = {name: getattr(label, name) for name in FIELDS}
        document |= {"model": model, "expires_at": label.at + KEPT}
        where = OF_ANSWER.where(user_id=user_id, message_id=message_id, source=label.source)
        with translated():
            await self._database.collection(COLLECTION).update_one(
                where, {"$set": document, "$setOnInsert": {"_id": ObjectId()}}, upsert=True
            )

    async def remove(self, user_id: str, message_id: str, source: Source) -> None:
        with translated():
            await self._database.collection(COLLECTION).delete_one(
                OF_ANSWER.where(user_id=user_id, message_id=message_id, source=source)
            )


class AdminRoutingLabelRepository:
    """Of all users together, and without their names."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def newest(self) -> list[Label]:
        """Up to LABELS_MAX, newest first."""
        rows = await self._database.find(NEWEST, limit=LABELS_MAX, since=FIRST)
        return [Label(**{name: row[name] for name in FIELDS}) for row in rows]

    async def sums(self, since: datetime = FIRST) -> list[LabelSum]:
        rows = await self._database.aggregate(SUMS, since=since)
        return [LabelSum(row["_id"]["source"], row["_id"]["gain"], row["labels"]) for row in rows]
