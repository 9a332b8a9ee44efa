"""Conversations: read, changed and deleted here, written by the turn log.

Every method sees what is open, kept or temporary; what is deleted is only there for restore() and purge().
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from pymongo import ReturnDocument

from backend.domain.conversations import (
    OPEN,
    TEMPORARY_PERIOD,
    UNDO_PERIOD,
    Conversation,
    ConversationChanges,
    ConversationState,
)
from backend.services.repositories.feedback import OF_CONVERSATION as FEEDBACK_OF
from backend.services.scalable_database import (
    Delete,
    Document,
    NothingMatched,
    Query,
    ScalableDatabase,
    Write,
    translated,
)
from backend.services.scalable_database.documents import conversation_from
from backend.services.scalable_database.reads import USER


def _by_id(user_id: str, conversation_id: str, states: Sequence[ConversationState] = OPEN) -> Document:
    return {"_id": conversation_id, "user_id": user_id, "state": {"$in": list(states)}}


BY_ID = Query(
    "conversations.by_id",
    "conversations",
    _by_id,
    {"user_id": USER, "conversation_id": ("_id", "conv_none"), "states": ("state", ["kept"])},
)
KEPT = Query(
    "conversations.kept",
    "conversations",
    lambda user_id, conversation_ids, states=("kept",): {
        "_id": {"$in": list(conversation_ids)},
        "user_id": user_id,
        "state": {"$in": list(states)},
    },
    {"user_id": USER, "conversation_ids": ("_id", ["conv_none"]), "states": ("state", ["kept"])},
    fields=("title",),
)
IN_ANY_STATE = Query(
    "conversations.in_any_state",
    "conversations",
    lambda user_id, conversation_id: {"_id": conversation_id, "user_id": user_id},
    {"user_id": USER, "conversation_id": ("_id", "conv_none")},
    kind="write",
)
MESSAGES_OF = Query(
    "messages.of_conversation",
    "messages",
    lambda user_id, conversation_id: {"conversation_id": conversation_id, "user_id": user_id},
    {"user_id": USER, "conversation_id": ("conversation_id", "conv_none")},
    kind="write",
)
SHARES = "shares"
SHARES_OF = Query(
    "shares.of_conversation",
    SHARES,
    lambda user_id, conversation_id: {"user_id": user_id, "conversation_id": conversation_id},
    {"user_id": USER, "conversation_id": ("conversation_id", "conv_none")},
    kind="write",
)
OWNERS = Query(
    "conversations.owners",
    "conversations",
    lambda user_ids, conversation_ids, states=OPEN: {
        "_id": {"$in": list(conversation_ids)},
        "user_id": {"$in": list(user_ids)},
        "state": {"$in": list(states)},
    },
    {
        "user_ids": ("user_id", ["user_none"]),
        "conversation_ids": ("_id", ["conv_none"]),
        "states": ("state", ["kept"]),
    },
    fields=("user_id",),
)
PURGE_DUE = Query(
    "conversations.purge_due",
    "conversations",
    lambda now: {"purge_at": {"$lte": now}},
    {"now": ("none", datetime(2100, 1, 1, tzinfo=UTC))},
    sort=(("purge_at", 1), ("_id", 1)),
    fields=("user_id",),
)
QUERIES = (BY_ID, KEPT, IN_ANY_STATE, OWNERS, MESSAGES_OF, SHARES_OF, PURGE_DUE)


class ConversationRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def get(self, user_id: str, conversation_id: str) -> Conversation | None:
        document = await self._database.find_one(BY_ID, user_id=user_id, conversation_id=conversation_id)
        return conversation_from(document) if document else None

    async def page(
        self,
        user_id: str,
        limit: int,
        cursor: str | None = None,
        *,
        archived: bool = False,
        pinned: bool | None = None,
        folder_id: str | None = None,
    ) -> tuple[list[Conversation], str | None]:
        """What is kept, most recently used first, with the cursor of the next page. InvalidInput: a bad cursor."""
        return await self._database.get_user_conversations(
            user_id, limit, cursor, archived=archived, pinned=pinned, folder_id=folder_id
        )

    async def search(
        self, user_id: str, words: Sequence[str], limit: int, cursor: str | None = None
    ) -> tuple[list[Conversation], str | None]:
        """What is kept and has every word in its title, most recently used first."""
        rows, following = await self._database.search("conversations", user_id, words, limit, cursor)
        return [conversation_from(row) for row in rows], following

    async def titles(self, user_id: str, conversation_ids: Collection[str]) -> dict[str, str]:
        """By id, of those that are kept."""
        rows = await self._database.find(KEPT, limit=0, user_id=user_id, conversation_ids=conversation_ids)
        return {row["_id"]: row["title"] for row in rows}

    async def change(self, user_id: str, conversation_id: str, changes: ConversationChanges) -> Conversation | None:
        """As it is afterwards, None where there is none. Its place in lists stays: that is by use."""
        if not changes:
            return await self.get(user_id, conversation_id)
        return await self._update(_by_id(user_id, conversation_id), {"$set": dict(changes)})

    async def delete(self, user_id: str, conversation_id: str) -> bool:
        """Out of everybody's sight at once, and purged after the undo period. False: there was none."""
        purge_at = self._database.now() + UNDO_PERIOD
        gone = {"$set": {"state": "deleted", "purge_at": purge_at}}
        return await self._update(_by_id(user_id, conversation_id), gone) is not None

    async def restore(self, user_id: str, conversation_id: str) -> Conversation | None:
        """As it was before it was deleted, None where there is none or the undo period is over."""
        where = {**_by_id(user_id, conversation_id, ("deleted",)), "purge_at": {"$gt": self._database.now()}}
        kept = {"$set": {"state": "kept"}, "$unset": {"purge_at": ""}}
        restored = await self._update({**where, "temporary": False}, kept)
        if restored:
            return restored
        deleted = await self._database.find_one(
            BY_ID, user_id=user_id, conversation_id=conversation_id, states=("deleted",)
        )
        if deleted is None:
            return None
        ends = deleted["created_at"] + TEMPORARY_PERIOD
        return await self._update(where, {"$set": {"state": "temporary", "purge_at": ends}})

    async def purge(self, user_id: str, conversation_id: str) -> bool:
        """With all that hangs on it, in one transaction. What it cost stays in the ledger. False: there was none."""
        try:
            await self._database.commit(purge_writes(user_id, conversation_id))
        except NothingMatched:
            return False
        return True

    async def _update(self, where: Document, update: Document) -> Conversation | None:
        with translated():
            document = await self._database.collection("conversations").find_one_and_update(
                where, update, return_document=ReturnDocument.AFTER
            )
        return conversation_from(document) if document else None


def purge_writes(
    user_id: str, conversation_id: str, states: Sequence[ConversationState] = (*OPEN, "deleted")
) -> list[Write]:
    owned = {"user_id": user_id, "conversation_id": conversation_id}
    return [
        Delete("conversations", _by_id(user_id, conversation_id, states)),
        Delete("messages", MESSAGES_OF.where(**owned), many=True),
        Delete("feedback", FEEDBACK_OF.where(**owned), many=True),
        Delete(SHARES, SHARES_OF.where(**owned), many=True),
    ]


class AdminConversationRepository:
    """For housekeeping: no user stands behind it."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def purges_due(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """(user, conversation) of what is past its time, longest due first."""
        rows = await self._database.find(PURGE_DUE, limit=limit, now=now)
        return [(row["user_id"], row["_id"]) for row in rows]
