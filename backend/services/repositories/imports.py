"""Conversations that come from elsewhere: stored so that nobody sees half of one."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from bson import Int64, ObjectId
from pymongo.errors import BulkWriteError

from backend.domain.conversations import PREVIEW_CHARACTERS, UNDO_PERIOD
from backend.domain.ids import derived_id
from backend.domain.search import week_of
from backend.domain.transfer import TransferConversation, TransferMessage
from backend.services.repositories.conversations import IN_ANY_STATE, purge_writes
from backend.services.scalable_database import (
    Document,
    NothingMatched,
    Query,
    ScalableDatabase,
    translated,
)
from backend.services.scalable_database.reads import USER

BATCH_MESSAGES = 200
BATCH_CHARACTERS = 100_000
"""Every word is a key of the text index: on a busy small machine this much takes more than a second."""
DUPLICATE_KEY = 11000

STATES = Query(
    "conversations.states",
    "conversations",
    lambda user_id, conversation_ids: {"_id": {"$in": list(conversation_ids)}, "user_id": user_id},
    {"user_id": USER, "conversation_ids": ("_id", ["conv_none"])},
    fields=("state",),
)
QUERIES = (STATES,)


class ImportRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def stored(self, user_id: str, conversation_ids: Collection[str]) -> dict[str, bool]:
        """Of those that are there whether they are open; what is not is deleted, or half of an import."""
        rows = await self._database.find(STATES, limit=0, user_id=user_id, conversation_ids=conversation_ids)
        return {row["_id"]: row["state"] != "deleted" for row in rows}

    async def add(self, user_id: str, conversation_id: str, conversation: TransferConversation) -> bool:
        """False: it is there already.

        Until its last message is stored it is a deleted conversation: nobody sees it, and what a crash leaves of it is
        purged. Repeated, or done twice at once, it stores every message once.
        """
        arriving = _conversation(user_id, conversation_id, conversation)
        arriving |= {"state": "deleted", "purge_at": self._database.now() + UNDO_PERIOD}
        if not await self._database.insert("conversations", arriving):
            return False
        for batch in _batches(_messages(user_id, conversation_id, conversation)):
            await self._insert(batch)
        kept = {"$set": {"state": "kept"}, "$unset": {"purge_at": ""}}
        with translated():
            conversations = self._database.collection("conversations")
            await conversations.update_one(IN_ANY_STATE.where(user_id=user_id, conversation_id=conversation_id), kept)
        return True

    async def purge(self, user_id: str, conversation_id: str) -> None:
        """One that is not open. Where another import was quicker with it, nothing is purged."""
        writes = purge_writes(user_id, conversation_id, ("deleted",))
        with suppress(NothingMatched):
            await self._database.commit(writes)

    async def _insert(self, messages: Sequence[Document]) -> None:
        try:
            with translated():
                await self._database.collection("messages").insert_many(messages, ordered=False)
        except BulkWriteError as error:
            if any(row.get("code") != DUPLICATE_KEY for row in error.details.get("writeErrors", ())):
                raise


def message_id(conversation_id: str, source_id: str) -> str:
    return derived_id("msg", conversation_id, source_id)


def _conversation(user_id: str, conversation_id: str, conversation: TransferConversation) -> Document:
    last = next(message for message in conversation.messages if message.id == conversation.last_message_id)
    return {
        "_id": conversation_id,
        "user_id": user_id,
        "title": conversation.title,
        "agent_type": conversation.agent_type,
        "temporary": False,
        "archived": conversation.archived,
        "pinned": conversation.pinned,
        "folder_id": None,
        "message_count": len(conversation.messages),
        "last_message_id": message_id(conversation_id, last.id),
        "last_message": {"role": last.role, "preview": last.content[:PREVIEW_CHARACTERS], "at": last.created_at},
        "cost": Int64(0),
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
    }


def _messages(user_id: str, conversation_id: str, conversation: TransferConversation) -> Iterator[Document]:
    for message in conversation.messages:
        yield _message(user_id, conversation_id, message)


def _message(user_id: str, conversation_id: str, message: TransferMessage) -> Document:
    """Without a receipt: nobody here was asked, and nothing was spent."""
    own_id = message_id(conversation_id, message.id)
    return {
        "_id": ObjectId(),
        "conversation_id": conversation_id,
        "user_id": user_id,
        "request_id": derived_id("import", conversation_id, message.id),
        "part": 0,
        "message_id": own_id,
        "role": message.role,
        "parent_id": message.parent_id and message_id(conversation_id, message.parent_id),
        "content": message.content,
        "status": message.status,
        "agent": message.agent,
        "created_at": message.created_at,
        "completed_at": message.created_at,
        "week": week_of(message.created_at),
    }


def _batches(messages: Iterator[Document]) -> Iterator[list[Document]]:
    """By number and by length, so that each is stored well within the time of an operation."""
    batch: list[Document] = []
    size = 0
    for message in messages:
        batch.append(message)
        size += len(message["content"])
        if len(batch) == BATCH_MESSAGES or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
