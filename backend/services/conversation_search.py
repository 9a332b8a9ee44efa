"""Search over a user's conversations: titles first, then messages, each newest first, in pages with one cursor."""

from collections.abc import Sequence

from backend.domain.conversations import Conversation, Message
from backend.domain.search import SearchHit, snippet, words_of
from backend.errors import InvalidInput
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository

TITLES, MESSAGES = "t", "m"
Hits = tuple[list[SearchHit], str | None]


class ConversationSearch:
    """The cursor is that of the part which the page ended in, after a letter that names the part."""

    def __init__(self, conversations: ConversationRepository, messages: MessageRepository) -> None:
        self._conversations = conversations
        self._messages = messages

    async def find(self, user_id: str, text: str, limit: int, cursor: str | None = None) -> Hits:
        """What contains every word. A page may be short: messages of what is not kept are left out of it.

        InvalidInput: no words, or a bad cursor. DatabaseUnavailable (search_unavailable): in
        memory, or the text index is still being built.
        """
        words = words_of(text)
        if not words:
            raise InvalidInput("There is no word to search for.")
        part, _, position = cursor.partition(".") if cursor is not None else (TITLES, "", "")
        if part not in (TITLES, MESSAGES):
            raise InvalidInput("The cursor is not one that this server made.", code="invalid_cursor")
        hits: list[SearchHit] = []
        if part == TITLES:
            hits, following = await self._by_title(user_id, words, limit, position or None)
            if following or len(hits) == limit:
                return hits, following or f"{MESSAGES}."
            position = ""
        found, following = await self._by_message(user_id, words, limit - len(hits), position or None)
        return hits + found, following

    async def _by_title(self, user_id: str, words: Sequence[str], limit: int, cursor: str | None) -> Hits:
        found, following = await self._conversations.search(user_id, words, limit, cursor)
        return [_title_hit(conversation) for conversation in found], following and f"{TITLES}.{following}"

    async def _by_message(self, user_id: str, words: Sequence[str], limit: int, cursor: str | None) -> Hits:
        found, following = await self._messages.search(user_id, words, limit, cursor)
        titles = await self._conversations.titles(user_id, {message.conversation_id for message in found})
        hits = [
            _message_hit(message, titles[message.conversation_id], words)
            for message in found
            if message.conversation_id in titles
        ]
        return hits, following and f"{MESSAGES}.{following}"


def _title_hit(conversation: Conversation) -> SearchHit:
    preview = conversation.preview
    return SearchHit(conversation.id, conversation.title, None, None, preview, conversation.updated_at)


def _message_hit(message: Message, title: str, words: Sequence[str]) -> SearchHit:
    shown = snippet(message.content, words)
    return SearchHit(message.conversation_id, title, message.id, message.role, shown, message.created_at)
