"""Alerts that fire or fired. A rule fires once at a time, whichever workers notice."""

from dataclasses import asdict, fields
from datetime import timedelta
from typing import Literal

from backend.domain.alerts import Alert
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "alerts"
KEPT = timedelta(days=30)
LISTED = 100
AlertState = Literal["firing", "resolved"]
FIELDS = tuple(field.name for field in fields(Alert) if field.name != "id")

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


def _alert_from(document: Document) -> Alert:
    return Alert(id=document["_id"], **{name: document[name] for name in FIELDS})


class AlertRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def fire(self, alert: Alert) -> bool:
        """True: the rule began to fire with this call. False: it fires already, and nothing changes."""
        document = asdict(alert)
        document |= {"_id": document.pop("id"), "state": "firing"}
        return await self._database.insert(COLLECTION, document)

    async def resolve(self, alert: Alert) -> bool:
        """False: the rule does not fire, or another worker has resolved it. alert carries resolved_at."""
        if alert.resolved_at is None:
            raise ValueError("a resolved alert has a time")
        done = {
            "state": "resolved",
            "resolved_at": alert.resolved_at,
            "resolved_value": alert.resolved_value,
            "expires_at": alert.resolved_at + KEPT,
        }
        with translated():
            result = await self._database.collection(COLLECTION).update_one(
                FIRING_RULE.where(rule=alert.rule), {"$set": done}
            )
        return result.matched_count == 1

    async def firing(self) -> list[Alert]:
        """Latest first."""
        return await self._by_state("firing", LISTED)

    async def resolved(self, limit: int = LISTED) -> list[Alert]:
        """Those of the last 30 days, latest fired first."""
        return await self._by_state("resolved", limit)

    async def _by_state(self, state: AlertState, limit: int) -> list[Alert]:
        documents = await self._database.find(BY_STATE, limit=limit, state=state)
        return [_alert_from(document) for document in documents]
