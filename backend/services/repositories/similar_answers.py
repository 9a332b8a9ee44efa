"""Whether answers to similar questions may be reused, and what was found of them. No user is in it."""

from typing import Literal

from pymongo import ReturnDocument

from backend.domain.similarity.audit import SimilarFindings, SimilarState
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated

COLLECTION = "controls"
NAME = "similar_answers"
DISPUTES_KEPT = 1_000
NOTHING_FOUND = {"served": 0, "disputed": 0, "audited": 0, "differed": 0, "disputes": []}

STATE = Query("controls.similar_answers", COLLECTION, lambda: {"_id": NAME}, {})
ENABLED = Query(
    "controls.similar_enabled", COLLECTION, lambda: {"_id": NAME, "enabled": {"$ne": False}}, {}, kind="write"
)
UNDISPUTED = Query(
    "controls.similar_undisputed",
    COLLECTION,
    lambda message_id: {"_id": NAME, "disputes": {"$ne": message_id}},
    {"message_id": ("_id", "msg_none")},
    kind="write",
)
QUERIES = (STATE, ENABLED, UNDISPUTED)

Finding = Literal["served", "audited", "differed"]


class SimilarAnswersRepository:
    """For the workers themselves and for administrators."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def read(self) -> SimilarState:
        return _state(await self._database.find_one(STATE))

    async def count(self, *findings: Finding) -> SimilarState:
        return await self._change(STATE.where(), {"$inc": dict.fromkeys(findings, 1)})

    async def dispute(self, message_id: str) -> SimilarState | None:
        """Counts each answer once; None: it was counted before, or nothing was served yet."""
        change = {"$inc": {"disputed": 1}, "$push": {"disputes": {"$each": [message_id], "$slice": -DISPUTES_KEPT}}}
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                UNDISPUTED.where(message_id=message_id), change, return_document=ReturnDocument.AFTER
            )
        return _state(document) if document else None

    async def allow(self, actor: str) -> SimilarState:
        """From now on, with nothing found yet."""
        change = {"enabled": True, "reason": None, "actor": actor, "since": self._database.now(), **NOTHING_FOUND}
        return await self._change(STATE.where(), {"$set": change})

    async def forbid(self, reason: str, actor: str) -> bool:
        """False: they were off already."""
        change = {"enabled": False, "reason": reason, "actor": actor, "since": self._database.now()}
        with translated():
            collection = self._database.collection(COLLECTION)
            await collection.update_one(STATE.where(), {"$setOnInsert": NOTHING_FOUND}, upsert=True)
            return bool((await collection.update_one(ENABLED.where(), {"$set": change})).modified_count)

    async def _change(self, where: Document, change: Document) -> SimilarState:
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                where, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        return _state(document)


def _state(document: Document | None) -> SimilarState:
    if document is None:
        return SimilarState()
    found = SimilarFindings(*(document.get(name, 0) for name in ("served", "disputed", "audited", "differed")))
    return SimilarState(document.get("enabled", True), document.get("reason"), document.get("since"), found)
