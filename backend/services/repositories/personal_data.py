"""Everything that is kept about one user: exported as it is stored, and erased, over all collections."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bson import ObjectId

from backend.domain.ids import new_id
from backend.services.scalable_database import Delete, Document, Insert, Query, ScalableDatabase, Write, translated
from backend.services.scalable_database.reads import USER

Fate = Literal["deleted", "deleted last", "made anonymous", "unlinked"]
Order = tuple[tuple[str, Literal[1, -1]], ...]
BATCH = 100
SNAPSHOTS = 5
"""Of whole conversations, each of them as long as many messages."""
LINKS = ("conversation_id", "message_id")
TRACES = ("address", "correlation_id")
NOT_EXPORTED = (
    "_id",
    "user_id",
    "hash",
    "token_hash",
    "previous_hash",
    "registration",
    "secret",
    "recovery_codes",
    "live",
    "purge_at",
    "changed_at",
    "week",
)
"""Secrets, and what only this server can make use of."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one collection keeps about a user. order: an index of it after user_id, for collections without bound.

    batch: documents that are read at once, at most. doer: the field that says who did it, where that may be somebody
    else: only what the user did is exported.
    """

    collection: str
    fate: Fate
    order: Order = ()
    exported: bool = True
    doer: str = ""
    batch: int = BATCH

    def query(self) -> Query:
        def where(user_id: str) -> Document:
            return {"user_id": user_id, **({self.doer: user_id} if self.doer else {})}

        return Query(f"{self.collection}.of_one_user", self.collection, where, {"user_id": USER})


HOLDINGS = (
    Holding("conversations", "deleted", (("state", 1), ("archived", 1), ("updated_at", -1), ("_id", -1))),
    Holding("messages", "deleted", (("request_id", 1), ("role", 1), ("part", 1))),
    Holding("shares", "deleted", (("created_at", -1), ("_id", -1)), batch=SNAPSHOTS),
    Holding("folders", "deleted", (("created_at", 1), ("_id", 1))),
    Holding("feedback", "deleted", (("message_id", 1),)),
    Holding("routing_labels", "deleted", (("message_id", 1), ("source", 1))),
    Holding("preferences", "deleted"),
    Holding("prompts", "deleted", (("updated_at", -1), ("_id", -1))),
    Holding("documents", "deleted"),
    Holding("document_chunks", "deleted", exported=False),
    Holding("external_identities", "deleted"),
    Holding("second_factors", "deleted"),
    Holding("one_time_tokens", "deleted", exported=False),
    Holding("idempotency_keys", "deleted", exported=False),
    # A worker that misses an announcement learns from these that the user's sessions and keys have ended.
    Holding("api_keys", "deleted last"),
    Holding("auth_sessions", "deleted last"),
    # What the installation spent stays exact, but nobody can tell any more for whom.
    Holding("ai_usage", "made anonymous", (("request_id", 1), ("call", 1))),
    Holding("usage_daily", "made anonymous", (("day", 1), ("model", 1), ("agent", 1))),
    # What happened can still be followed until its time is over, but leads to nobody.
    Holding("audit_log", "unlinked", (("at", -1), ("_id", -1)), doer="actor_id"),
)
"""The one list of where personal data is. A test looks for collections with a user_id that are missing here."""

UNUSED = Query(
    "conversations.unused",
    "conversations",
    lambda user_id, archived, before: {
        "user_id": user_id,
        "state": "kept",
        "archived": archived,
        "updated_at": {"$lt": before},
    },
    {"user_id": USER, "archived": ("archived", False), "before": ("none", datetime(2100, 1, 1, tzinfo=UTC))},
    fields=("_id",),
)
QUERIES = (UNUSED, *(holding.query() for holding in HOLDINGS if holding.order))


class PersonalDataRepository:
    def __init__(self, database: ScalableDatabase, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch

    async def export(self, user_id: str, holding: Holding) -> AsyncGenerator[list[dict[str, Any]], None]:
        """A batch at a time, as it is stored, without secrets. No cursor stays open between batches."""
        where = holding.query().where(user_id=user_id)
        last: Document | None = None
        while True:
            rows = await self._read(holding, _following(where, holding.order, last), holding.order)
            if rows:
                yield [_shown(row) for row in rows]
            if len(rows) < min(self._batch, holding.batch) or not holding.order:
                return
            last = rows[-1]

    async def erase(self, user_id: str, *, last: bool) -> None:
        """Deletes, unlinks or makes anonymous, in batches. May be repeated. last: sessions too."""
        for holding in HOLDINGS:
            if holding.fate == "unlinked":
                await self._unlink(user_id, holding)
            elif holding.fate == "made anonymous":
                await self._make_anonymous(user_id, holding)
            elif holding.fate == "deleted" or last:
                await self._delete(user_id, holding)

    async def unused_conversations(self, user_id: str, before: datetime) -> list[str]:
        """Up to a batch of each kind, archived or not."""
        found = [
            await self._database.find(UNUSED, limit=self._batch, user_id=user_id, archived=archived, before=before)
            for archived in (False, True)
        ]
        return [row["_id"] for rows in found for row in rows]

    async def _read(self, holding: Holding, where: Document, order: Order = ()) -> list[Document]:
        limit, collection = min(self._batch, holding.batch), self._database.collection(holding.collection)
        with translated():
            found = collection.find(where, limit=limit, sort=list(order) or None)
            return await found.to_list(None)

    async def _delete(self, user_id: str, holding: Holding) -> None:
        owned = {"user_id": user_id}
        while rows := await self._read(holding, owned):
            with translated():
                await self._database.collection(holding.collection).delete_many(
                    {**owned, "_id": {"$in": [row["_id"] for row in rows]}}
                )

    async def _unlink(self, user_id: str, holding: Holding) -> None:
        """In place: one random id, noted nowhere, for the user as owner and as doer, and no network addresses."""
        nobody = new_id("deleted")
        for field in ("user_id", holding.doer):
            owned = {field: user_id}
            change = {"$set": {field: nobody}, "$unset": dict.fromkeys(TRACES, "")}
            while rows := await self._read(holding, owned):
                ids = {"$in": [row["_id"] for row in rows]}
                with translated():
                    await self._database.collection(holding.collection).update_many({**owned, "_id": ids}, change)

    async def _make_anonymous(self, user_id: str, holding: Holding) -> None:
        """Moved in transactions, because user_id is the shard key, and so that no sum is ever wrong.

        Under an id that nobody else ever had, and that is not noted anywhere.
        """
        nobody, collection = new_id("deleted"), holding.collection
        while rows := await self._read(holding, {"user_id": user_id}):
            writes: list[Write] = [Delete(collection, {"_id": row["_id"], "user_id": user_id}) for row in rows]
            writes += [
                Insert(
                    collection,
                    {name: value for name, value in row.items() if name not in LINKS}
                    | {"_id": ObjectId(), "user_id": nobody},
                )
                for row in rows
            ]
            await self._database.commit(writes)


def _following(where: Document, order: Sequence[tuple[str, int]], last: Document | None) -> Document:
    """The filter of what comes after the last document in this order: one alternative for each field that differs."""
    if last is None:
        return where
    alternatives = []
    for position in reversed(range(len(order))):
        field, direction = order[position]
        same = {name: last[name] for name, _ in order[:position]}
        alternatives.append({**where, **same, field: {"$gt" if direction == 1 else "$lt": last[field]}})
    return {"$or": alternatives}


def _shown(document: Document) -> dict[str, Any]:
    own_id = {"id": document["_id"]} if isinstance(document["_id"], str) else {}
    return own_id | {name: value for name, value in document.items() if name not in NOT_EXPORTED}
