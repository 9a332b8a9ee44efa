"""Branches of stored conversations: which messages lead to one."""

from collections.abc import AsyncGenerator

from backend.domain.conversations import Message
from backend.domain.transfer import path_to
from backend.services.repositories.messages import MessageRepository

BATCH = 100


class Branches:
    """Reads conversations in batches; of a whole conversation only ids are ever in memory."""

    def __init__(self, messages: MessageRepository) -> None:
        self._messages = messages

    async def path(self, user_id: str, conversation_id: str, tip: str | None) -> list[str]:
        """Ids from the first message down to the tip; empty where the conversation has no such message."""
        parents: dict[str, str | None] = {}
        async for links in self._messages.links(user_id, conversation_id):
            parents.update(links)
        return path_to(parents, tip)

    async def messages(self, user_id: str, conversation_id: str) -> AsyncGenerator[list[Message], None]:
        """All of them in the order of time."""
        cursor: str | None = None
        while True:
            page, cursor = await self._messages.page(user_id, conversation_id, BATCH, cursor)
            yield page
            if cursor is None:
                return

    async def branch(self, user_id: str, conversation_id: str, tip: str | None) -> AsyncGenerator[list[Message], None]:
        """The messages that lead to the tip, and it, in the order of time."""
        wanted = set(await self.path(user_id, conversation_id, tip))
        async for page in self.messages(user_id, conversation_id):
            yield [message for message in page if message.id in wanted]
