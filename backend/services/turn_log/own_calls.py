"""Upstream calls that belong to no turn: Aether's own, in the same ledger and the same counters as everybody's."""

import asyncio
from collections.abc import Sequence

from bson import ObjectId

from backend.domain.usage import UsageRecord
from backend.services.scalable_database import ScalableDatabase, Write, WriteRefused
from backend.services.scalable_database.writes import Insert
from backend.services.turn_log.counters import calls_counters
from backend.services.turn_log.documents import call_fields

ATTEMPTS = 5
PAUSE_S = 0.05


class OwnCalls:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def record(self, owner: str, request_id: str, calls: Sequence[UsageRecord]) -> None:
        """All in one transaction, durable on return; once for each request_id. owner: under whom they are counted.

        Raises DatabaseUnavailable, DeadlineExceeded, WriteRefused.
        """
        named = {"user_id": owner, "request_id": request_id, "conversation_id": None, "message_id": None}
        writes: list[Write] = [
            *(Insert("ai_usage", {"_id": ObjectId(), **named, **call_fields(record)}) for record in calls),
            *calls_counters(owner, calls).updates(),
        ]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._database.commit(writes)
            except WriteRefused:  # another worker began the same row of counters at this moment
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(PAUSE_S * attempt)
            else:
                return
