"""Conversations: read and deleted here, written by the turn log."""

from backend.domain.conversations import Conversation
from backend.services.scalable_database import Delete, NothingMatched, Query, ScalableDatabase
from backend.services.scalable_database.documents import conversation_from
from backend.services.scalable_database.reads import USER

BY_ID = Query(
    "conversations.by_id",
    "conversations",
    lambda user_id, conversation_id: {"_id": conversation_id, "user_id": user_id},
    {"user_id": USER, "conversation_id": ("_id", "conv_none")},
)
MESSAGES_OF = Query(
    "messages.of_conversation",
    "messages",
    lambda user_id, conversation_id: {"conversation_id": conversation_id, "user_id": user_id},
    {"user_id": USER, "conversation_id": ("conversation_id", "conv_none")},
    kind="write",
)
OWNERS = Query(
    "conversations.owners",
    "conversations",
    lambda user_ids, conversation_ids: {"_id": {"$in": list(conversation_ids)}, "user_id": {"$in": list(user_ids)}},
    {"user_ids": ("user_id", ["user_none"]), "conversation_ids": ("_id", ["conv_none"])},
    fields=("user_id",),
)
QUERIES = (BY_ID, OWNERS, MESSAGES_OF)


class ConversationRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def get(self, user_id: str, conversation_id: str) -> Conversation | None:
        document = await self._database.find_one(BY_ID, user_id=user_id, conversation_id=conversation_id)
        return conversation_from(document) if document else None

    async def page(
        self, user_id: str, limit: int, cursor: str | None = None, *, archived: bool = False
    ) -> tuple[list[Conversation], str | None]:
        """Most recently used first, with the cursor of the next page. InvalidInput: a bad cursor."""
        return await self._database.get_user_conversations(user_id, limit, cursor, archived=archived)

    async def delete(self, user_id: str, conversation_id: str) -> bool:
        """With its messages, in one transaction. What it cost stays in the ledger. False: there was none."""
        owned = {"user_id": user_id, "conversation_id": conversation_id}
        try:
            await self._database.commit(
                [
                    Delete("conversations", BY_ID.where(**owned)),
                    Delete("messages", MESSAGES_OF.where(**owned), many=True),
                ]
            )
        except NothingMatched:
            return False
        return True
