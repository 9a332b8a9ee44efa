"""Metric roll-ups: one document a worker and time bucket, read together for figures over all workers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "metrics"
Resolution = Literal["minute", "hour"]
KEPT: dict[Resolution, timedelta] = {"minute": timedelta(hours=25), "hour": timedelta(days=31)}

WINDOW = Query(
    "metrics.window",
    COLLECTION,
    lambda resolution, since: {"resolution": resolution, "bucket": {"$gte": since}},
    {"resolution": ("resolution", "minute"), "since": ("bucket", None)},
    sort=(("bucket", 1), ("worker", 1)),
)
ONE = Query(
    "metrics.one",
    COLLECTION,
    lambda resolution, bucket, worker: {"resolution": resolution, "bucket": bucket, "worker": worker},
    {"resolution": ("resolution", "minute"), "bucket": ("bucket", None), "worker": ("worker", "none")},
    kind="write",
)
QUERIES = (WINDOW, ONE)


class MetricsRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def upsert(self, worker: str, resolution: Resolution, bucket: datetime, figures: Mapping[str, Any]) -> None:
        """Replaces what this worker recorded for the bucket (its first instant, aware)."""
        with translated():
            await self._database.collection(COLLECTION).update_one(
                ONE.where(resolution=resolution, bucket=bucket, worker=worker),
                {"$set": {"figures": dict(figures), "expires_at": bucket + KEPT[resolution]}},
                upsert=True,
            )

    async def window(self, resolution: Resolution, since: datetime) -> list[Document]:
        """Documents {worker, bucket, figures} of all workers, oldest bucket first."""
        return await self._database.find(WINDOW, limit=0, resolution=resolution, since=since)
