"""One conversation as a file, written while it is read: memory holds a batch of messages, however many there are."""

from collections.abc import AsyncGenerator
from typing import Literal

import orjson

from backend.domain.conversations import Conversation
from backend.domain.transfer import markdown_heading, markdown_message, to_aether
from backend.domain.transfer.aether import message_to_aether
from backend.errors import Conflict, NotFound
from backend.services.repositories.conversations import ConversationRepository
from backend.services.transfer.branches import Branches

ExportFormat = Literal["markdown", "json"]
Parts = AsyncGenerator[bytes, None]


class ConversationExport:
    def __init__(self, conversations: ConversationRepository, branches: Branches) -> None:
        self._conversations = conversations
        self._branches = branches

    async def begin(self, user_id: str, conversation_id: str, form: ExportFormat) -> tuple[Conversation, Parts]:
        """The conversation, and the file in parts: JSON has every branch, Markdown the one in use.

        Raises NotFound; Conflict for a temporary one. A file that ends early, because the database went away, shows
        it: its JSON is not valid.
        """
        conversation = await self._conversations.get(user_id, conversation_id)
        if conversation is None:
            raise NotFound("You have no conversation with this id.")
        if conversation.temporary:
            raise Conflict("A temporary conversation is not exported.")
        return conversation, self._json(conversation) if form == "json" else self._markdown(conversation)

    async def _json(self, conversation: Conversation) -> Parts:
        head = _encoded(to_aether(conversation)).removesuffix(b"}")
        yield b'{"format":"aether","conversations":[' + head + b',"messages":['
        separator = b""
        async for page in self._branches.messages(conversation.user_id, conversation.id):
            if page:
                yield separator + b",".join(_encoded(message_to_aether(message)) for message in page)
                separator = b","
        yield b"]}]}"

    async def _markdown(self, conversation: Conversation) -> Parts:
        yield markdown_heading(conversation).encode()
        tip = conversation.last_message_id
        async for page in self._branches.branch(conversation.user_id, conversation.id, tip):
            for message in page:
                yield markdown_message(message).encode()


def _encoded(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
