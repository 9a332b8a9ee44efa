"""The audit log: entries are added, read by administrators, and removed when their time is over; never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.domain.audit import AuditEntry, AuditFilter
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, Update, translated

COLLECTION = "audit_log"
NEWEST_FIRST = Keyset("at", -1, "text")
SAMPLES: Mapping[str, tuple[str, Any]] = {
    "actor_id": ("actor_id", "user_none"),
    "user_id": ("user_id", "user_none"),
    "action": ("action", "none"),
    "since": ("none", datetime(2000, 1, 1, tzinfo=UTC)),
    "until": ("none", datetime(2200, 1, 1, tzinfo=UTC)),
}


def _where(since: datetime | None = None, until: datetime | None = None, **equal: str) -> Document:
    bounds = {"$gte": since, "$lt": until}
    span = {operator: instant for operator, instant in bounds.items() if instant}
    return {**equal, "at": span} if span else dict(equal)


def _page(name: str, *fields: str) -> Query:
    """Each combination of filters has an index of its own, which ends in the order of the page."""
    sample = {parameter: SAMPLES[parameter] for parameter in (*fields, "since", "until")}
    return Query(name, COLLECTION, _where, sample, keyset=NEWEST_FIRST)


PAGE = _page("audit_log.page")
BY_ACTOR = _page("audit_log.by_actor", "actor_id")
BY_USER = _page("audit_log.by_user", "user_id")
BY_ACTION = _page("audit_log.by_action", "action")
BY_ACTOR_USER = _page("audit_log.by_actor_user", "actor_id", "user_id")
BY_ACTOR_ACTION = _page("audit_log.by_actor_action", "actor_id", "action")
BY_USER_ACTION = _page("audit_log.by_user_action", "user_id", "action")
BY_ALL = _page("audit_log.by_actor_user_action", "actor_id", "user_id", "action")
ALL_PAGES = (PAGE, BY_ACTOR, BY_USER, BY_ACTION, BY_ACTOR_USER, BY_ACTOR_ACTION, BY_USER_ACTION, BY_ALL)
COUNTED = Query(
    "audit_log.counted", COLLECTION, lambda entry_id: {"_id": entry_id}, {"entry_id": ("_id", "none")}, kind="write"
)
QUERIES = (*ALL_PAGES, COUNTED)
PAGE_BY_FILTERS = {frozenset(query.sample) - {"since", "until"}: query for query in ALL_PAGES}


class AuditLogRepository:
    """kept: how long an entry stays."""

    def __init__(self, database: ScalableDatabase, kept: timedelta) -> None:
        self._database = database
        self._kept = kept

    async def add(self, entry: AuditEntry) -> None:
        """Durable on return."""
        with translated():
            await self._database.collection(COLLECTION).insert_one({"_id": entry.id, **self._document(entry)})

    async def count(self, entries: Sequence[AuditEntry]) -> None:
        """All or none: adds the count of each to the entry of its id, or begins it. Several workers count into one."""
        await self._database.commit([self._counting(entry) for entry in entries])

    def _counting(self, entry: AuditEntry) -> Update:
        first = self._document(entry)
        change = {"$inc": {"count": first.pop("count")}, "$setOnInsert": first}
        return Update(COLLECTION, COUNTED.where(entry_id=entry.id), change, upsert=True)

    def _document(self, entry: AuditEntry) -> Document:
        fields = {name: value for name, value in asdict(entry).items() if name != "id"}
        return fields | {"detail": dict(entry.detail), "expires_at": entry.at + self._kept}


class AdminAuditLogRepository:
    """Of all users together."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def page(self, where: AuditFilter, limit: int, cursor: str | None) -> tuple[list[AuditEntry], str | None]:
        """Newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        arguments = {name: value for name, value in asdict(where).items() if value is not None}
        query = PAGE_BY_FILTERS[frozenset(arguments) - {"since", "until"}]
        rows, following = await self._database.page(query, limit=limit, cursor=cursor, **arguments)
        return [_entry_from(row) for row in rows], following


def _entry_from(document: Document) -> AuditEntry:
    return AuditEntry(
        id=document["_id"],
        at=document["at"],
        action=document["action"],
        user_id=document["user_id"],
        actor_id=document["actor_id"],
        address=document.get("address"),
        correlation_id=document.get("correlation_id"),
        detail=document.get("detail", {}),
        count=document["count"],
    )
