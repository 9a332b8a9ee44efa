"""Metric roll-ups: one document a worker and span, read together for figures over all workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "metrics"

WINDOW = Query(
    "metrics.window",
    COLLECTION,
    lambda level, since: {"level": level, "bucket": {"$gte": since}},
    {"level": ("level", "minute"), "since": ("bucket", None)},
    sort=(("bucket", 1), ("_id", 1)),
)
ONE = Query("metrics.one", COLLECTION, lambda _id: {"_id": _id}, {"_id": ("_id", "none")}, kind="write")
QUERIES = (WINDOW, ONE)


class MetricsRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def upsert(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Replaces each by its _id. They carry level, bucket (aware, the first instant) and expires_at.

        A handful every few seconds, a backlog after an outage: one command each is enough.
        """
        with translated():
            for document in documents:
                await self._database.collection(COLLECTION).replace_one(
                    ONE.where(_id=document["_id"]), document, upsert=True
                )

    async def window(self, level: str, since: datetime) -> list[Document]:
        """Documents of all workers whose span began at the instant or later, oldest first."""
        return await self._database.find(WINDOW, limit=0, level=level, since=since)
