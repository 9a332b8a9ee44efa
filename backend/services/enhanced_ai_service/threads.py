"""Places a question in its conversation: ownership, branch, and the messages that lead to it."""

from collections.abc import Sequence
from dataclasses import replace

from backend.domain.conversations import ContextItem, Conversation, Message, title_of
from backend.domain.ids import new_id
from backend.errors import InvalidInput, NotFound
from backend.services.enhanced_ai_service.requests import Ask, Thread
from backend.services.preferences import Preferences
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository

READ_AT_LEAST = 150
READ_STEP = 50
ROOT = "root"
"""As parent_id: the question is another beginning of the conversation."""
NO_CONVERSATION = "There is no such conversation."
NO_MESSAGE = "There is no such message in this conversation."


class Threads:
    """Reads a conversation and its newest messages for a question, nothing for a new one.

    The oldest message read moves in steps of READ_STEP, so that the prompt's prefix stays the same between two steps.
    """

    def __init__(
        self, conversations: ConversationRepository, messages: MessageRepository, preferences: Preferences
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._preferences = preferences

    async def place(self, ask: Ask) -> Thread:
        """Raises NotFound for a conversation or message that is not the caller's.

        InvalidInput: a parent without its conversation, or a temporary question in one that is kept.
        """
        thread = await self._place(ask)
        preferences = await self._preferences.of(ask.user_id)
        return replace(thread, instructions=preferences.instructions.text, routing=preferences.routing)

    async def _place(self, ask: Ask) -> Thread:
        if ask.conversation_id is None:
            if ask.parent_id or ask.regenerate_of:
                raise InvalidInput("parent_id and regenerate_of need a conversation_id.")
            return Thread(
                new_id("conv"),
                title_of(ask.message),
                None,
                ask.context,
                message=ask.message,
                temporary=ask.temporary,
            )
        conversation = await self._conversations.get(ask.user_id, ask.conversation_id)
        if conversation is None:
            raise NotFound(NO_CONVERSATION)
        if ask.temporary and not conversation.temporary:
            raise InvalidInput("This conversation is not temporary: leave temporary out, or start another one.")
        return replace(await self._continued(ask, conversation), temporary=conversation.temporary)

    async def _continued(self, ask: Ask, conversation: Conversation) -> Thread:
        if ask.parent_id == ROOT:
            return Thread(conversation.id, None, None, ask.context, message=ask.message)
        newest = READ_AT_LEAST + conversation.message_count % READ_STEP
        recent = await self._messages.recent(ask.user_id, conversation.id, newest)
        if ask.regenerate_of:
            return _regeneration(ask, recent, ask.regenerate_of)
        tip = ask.parent_id or conversation.last_message_id
        path = _path(recent, tip)
        if ask.parent_id and not path:
            raise NotFound(NO_MESSAGE)
        return Thread(conversation.id, None, tip, (*_items(path), *ask.context), message=ask.message)


def _regeneration(ask: Ask, recent: Sequence[Message], answer_id: str) -> Thread:
    by_id = {message.id: message for message in recent}
    answer = by_id.get(answer_id)
    question = by_id.get(answer.parent_id or "") if answer and answer.role == "assistant" else None
    if answer is None or question is None:
        raise NotFound(NO_MESSAGE)
    items = (*_items(_path(recent, question.parent_id)), *ask.context)
    replaced = answer.receipt if answer.status == "complete" else None
    return Thread(question.conversation_id, None, question.id, items, question.id, question.content, replaced=replaced)


def _path(recent: Sequence[Message], tip: str | None) -> list[Message]:
    """The messages from the oldest known ancestor down to the tip."""
    by_id = {message.id: message for message in recent}
    path: list[Message] = []
    while tip is not None and (message := by_id.pop(tip, None)):
        path.append(message)
        tip = message.parent_id
    return path[::-1]


def _items(path: Sequence[Message]) -> tuple[ContextItem, ...]:
    """An answer that never came (failed, pending) is left out; an interrupted one shows what there is of it."""
    return tuple(ContextItem(message.role, message.content) for message in path if message.content)
