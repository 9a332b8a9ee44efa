"""Messages: read here, written by the turn log."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from backend.domain.conversations import Message
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase
from backend.services.scalable_database.documents import message_from
from backend.services.scalable_database.reads import USER

LINKS_BATCH = 1_000
CONVERSATION = ("conversation_id", "conv_none")


def _of_conversation(user_id: str, conversation_id: str) -> Document:
    return {"conversation_id": conversation_id, "user_id": user_id}


PAGE = Query(
    "messages.page",
    "messages",
    _of_conversation,
    {"user_id": USER, "conversation_id": CONVERSATION},
    keyset=Keyset("created_at", 1, "object_id"),
)
PAGE_NEWEST_FIRST = Query(
    "messages.page_newest_first",
    "messages",
    _of_conversation,
    {"user_id": USER, "conversation_id": CONVERSATION},
    keyset=Keyset("created_at", -1, "object_id"),
)
LINKS = Query(
    "messages.links",
    "messages",
    _of_conversation,
    {"user_id": USER, "conversation_id": CONVERSATION},
    keyset=Keyset("created_at", 1, "object_id"),
    fields=("message_id", "parent_id", "created_at"),
)
BY_ID = Query(
    "messages.by_id",
    "messages",
    lambda user_id, message_id: {"user_id": user_id, "message_id": message_id},
    {"user_id": USER, "message_id": ("message_id", "msg_none")},
)
EXPIRED = Query(
    "messages.expired",
    "messages",
    lambda now: {"status": "pending", "expires_at": {"$lt": now}},
    {"now": ("expires_at", datetime(2000, 1, 1, tzinfo=UTC))},
    sort=(("expires_at", 1),),
)
OF_REQUESTS = Query(
    "messages.of_requests",
    "messages",
    lambda user_ids, request_ids: {
        "user_id": {"$in": list(user_ids)},
        "request_id": {"$in": list(request_ids)},
        "role": "assistant",
        "part": 0,
    },
    {"user_ids": ("user_id", ["user_none"]), "request_ids": ("request_id", ["req_none"])},
    fields=("user_id", "request_id", "message_id", "status", "unsettled"),
)
QUERIES = (PAGE, PAGE_NEWEST_FIRST, LINKS, BY_ID, EXPIRED, OF_REQUESTS)


class MessageRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def get(self, user_id: str, message_id: str) -> Message | None:
        document = await self._database.find_one(BY_ID, user_id=user_id, message_id=message_id)
        return message_from(document) if document else None

    async def page(
        self, user_id: str, conversation_id: str, limit: int, cursor: str | None = None, *, newest_first: bool = False
    ) -> tuple[list[Message], str | None]:
        """In time order, with the cursor of the next page; none of another user's. InvalidInput: a bad cursor."""
        query = PAGE_NEWEST_FIRST if newest_first else PAGE
        rows, following = await self._database.page(
            query, limit=limit, cursor=cursor, user_id=user_id, conversation_id=conversation_id
        )
        return [message_from(row) for row in rows], following

    async def links(self, user_id: str, conversation_id: str) -> AsyncGenerator[dict[str, str | None], None]:
        """Parents of messages by id, in batches: what makes the tree, and nothing else."""
        cursor: str | None = None
        while True:
            rows, cursor = await self._database.page(
                LINKS, limit=LINKS_BATCH, cursor=cursor, user_id=user_id, conversation_id=conversation_id
            )
            yield {row["message_id"]: row["parent_id"] for row in rows}
            if cursor is None:
                return

    async def recent(self, user_id: str, conversation_id: str, limit: int) -> list[Message]:
        """The newest `limit` messages, oldest of them first."""
        documents = await self._database.find(
            PAGE_NEWEST_FIRST, limit=limit, user_id=user_id, conversation_id=conversation_id
        )
        return [message_from(document) for document in reversed(documents)]

    async def search(
        self, user_id: str, words: Sequence[str], limit: int, cursor: str | None = None
    ) -> tuple[list[Message], str | None]:
        """The user's messages that contain every word, newest first, with the cursor of the next page.

        Of conversations that are deleted or temporary too.
        """
        rows, following = await self._database.search("messages", user_id, words, limit, cursor)
        return [message_from(row) for row in rows], following
