"""The sweep: turns that a crash left open are marked, and stand in the ledger as unsettled."""

from datetime import UTC, datetime

import structlog

from backend.services.repositories.messages import EXPIRED
from backend.services.repositories.usage_totals import opened_by
from backend.services.scalable_database import Document, Insert, ScalableDatabase, Update, Write, WriteRefused
from backend.services.turn_log.counters import NO_MODEL, Counters, unsettled_counters
from backend.services.turn_log.documents import unsettled_record

BATCH = 100

log = structlog.get_logger()


class Sweep:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def run(self, now: datetime) -> int:
        """How many turns were marked. Another sweep, or a close, that comes first wins: nothing counts twice."""
        marked = 0
        while True:
            expired = await self._database.find(EXPIRED, limit=BATCH, now=now)
            done = await self._mark(expired, now)
            marked += done
            if len(expired) < BATCH or not done:
                break
        if marked:
            log.warning("turns_left_open_by_a_crash", turns=marked)
        return marked

    async def _mark(self, expired: list[Document], now: datetime) -> int:
        """All in one transaction; one by one where somebody else was quicker with some of them."""
        if not expired:
            return 0
        try:
            await self._database.commit(_writes(expired, now))
        except WriteRefused:
            if len(expired) == 1:
                return 0
            return sum([await self._mark([message], now) for message in expired])
        return len(expired)


def _writes(expired: list[Document], now: datetime) -> list[Write]:
    answers: list[Write] = []
    records: list[Write] = []
    counters = Counters()
    for message in expired:
        where = {"user_id": message["user_id"], "message_id": message["message_id"], "status": "pending"}
        change = {
            "$set": {"status": "interrupted", "unsettled": True, "completed_at": now},
            "$unset": {"expires_at": ""},
        }
        answers.append(Update("messages", where, change))
        records.append(Insert("ai_usage", unsettled_record(message, NO_MODEL)))
        counters.merge(unsettled_counters(message["user_id"], message["agent"], message["created_at"]))
    days = {message["created_at"].astimezone(UTC).date() for message in expired}
    return [*answers, *records, *counters.updates(), *opened_by(sorted(days))]
