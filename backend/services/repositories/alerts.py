"""Alerts that fire or fired. A rule fires once at a time, whichever workers notice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pymongo.errors import DuplicateKeyError

from backend.domain.ids import new_id
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "alerts"
KEPT = timedelta(days=30)
AlertState = Literal["firing", "resolved"]

BY_STATE = Query(
    "alerts.by_state",
    COLLECTION,
    lambda state: {"state": state},
    {"state": ("state", "firing")},
    sort=(("fired_at", -1),),
)
FIRING_RULE = Query(
    "alerts.firing_rule",
    COLLECTION,
    lambda rule: {"rule": rule, "state": "firing"},
    {"rule": ("rule", "none")},
    kind="write",
)
QUERIES = (BY_STATE, FIRING_RULE)


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """value and threshold in the unit of the rule's metric, window in seconds."""

    id: str
    rule: str
    severity: str
    value: float
    threshold: float
    window_s: float
    state: AlertState
    fired_at: datetime
    resolved_at: datetime | None


def _alert_from(document: Document) -> StoredAlert:
    return StoredAlert(
        id=document["_id"],
        rule=document["rule"],
        severity=document["severity"],
        value=document["value"],
        threshold=document["threshold"],
        window_s=document["window_s"],
        state=document["state"],
        fired_at=document["fired_at"],
        resolved_at=document["resolved_at"],
    )


class AlertRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def fire(
        self, *, rule: str, severity: str, value: float, threshold: float, window_s: float, fired_at: datetime
    ) -> bool:
        """True: it began to fire with this call. False: it fires already; the value seen last is kept."""
        begin = {
            "_id": new_id("alert"),
            "severity": severity,
            "threshold": threshold,
            "window_s": window_s,
            "fired_at": fired_at,
            "resolved_at": None,
        }
        try:
            with translated():
                result = await self._database.collection(COLLECTION).update_one(
                    FIRING_RULE.where(rule=rule), {"$set": {"value": value}, "$setOnInsert": begin}, upsert=True
                )
        except DuplicateKeyError:  # another worker was first by a moment
            return False
        return result.upserted_id is not None

    async def resolve(self, rule: str, resolved_at: datetime) -> bool:
        """False: it does not fire, or another worker has resolved it."""
        done = {"state": "resolved", "resolved_at": resolved_at, "expires_at": resolved_at + KEPT}
        with translated():
            result = await self._database.collection(COLLECTION).update_one(
                FIRING_RULE.where(rule=rule), {"$set": done}
            )
        return result.matched_count == 1

    async def firing(self, limit: int = 100) -> list[StoredAlert]:
        """Latest first."""
        return await self._by_state("firing", limit)

    async def resolved(self, limit: int = 100) -> list[StoredAlert]:
        """Those of the last 30 days, latest fired first."""
        return await self._by_state("resolved", limit)

    async def _by_state(self, state: AlertState, limit: int) -> list[StoredAlert]:
        documents = await self._database.find(BY_STATE, limit=limit, state=state)
        return [_alert_from(document) for document in documents]
