"""Where a question stands: what of its conversation is read, and in which order."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import pytest

from backend.domain.conversations import Conversation, Message
from backend.errors import InvalidInput, NotFound
from backend.services.enhanced_ai_service.requests import AgentAsk
from backend.services.enhanced_ai_service.threads import READ_AT_LEAST, READ_STEP, Threads
from backend.services.preferences import Preferences
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository
from tests.support.ai import MemoryPreferences

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def message(number: int, **fields: object) -> Message:
    defaults: dict[str, object] = {
        "id": f"msg_{number}",
        "conversation_id": "conv",
        "user_id": "ada",
        "role": "user" if number % 2 else "assistant",
        "parent_id": f"msg_{number - 1}" if number > 1 else None,
        "content": f"text {number}",
        "status": "complete",
        "agent": None,
        "request_id": "req",
        "created_at": NOW,
    }
    return Message(**{**defaults, **fields})  # type: ignore[arg-type]


@dataclass
class Stored:
    """Both repositories, over one conversation in memory."""

    messages: list[Message]
    reads: int = 0

    async def get(self, user_id: str, conversation_id: str) -> Conversation | None:
        self.reads += 1
        if (user_id, conversation_id) != ("ada", "conv"):
            return None
        last = self.messages[-1].id if self.messages else None
        return Conversation("conv", "ada", "title", "dev", last, len(self.messages), NOW, NOW)

    async def recent(self, user_id: str, conversation_id: str, limit: int) -> list[Message]:
        self.reads += 1
        return self.messages[-limit:]

    @property
    def threads(self) -> Threads:
        preferences = cast(Preferences, MemoryPreferences())
        return Threads(cast(ConversationRepository, self), cast(MessageRepository, self), preferences)


def ask(**fields: object) -> AgentAsk:
    return AgentAsk(**{"user_id": "ada", "message": "next", "conversation_id": "conv", **fields})  # type: ignore[arg-type]


async def test_a_new_conversation_reads_nothing() -> None:
    stored = Stored([])
    thread = await stored.threads.place(ask(conversation_id=None, message="First line\nsecond"))
    assert (thread.title, thread.parent_id, thread.items, stored.reads) == ("First line", None, (), 0)


async def test_a_question_follows_the_last_message_and_sees_what_led_to_it() -> None:
    thread = await Stored([message(1), message(2)]).threads.place(ask())
    assert (thread.parent_id, [item.content for item in thread.items]) == ("msg_2", ["text 1", "text 2"])
    assert thread.title is None


async def test_answers_without_text_are_left_out() -> None:
    stored = Stored([message(1), message(2, content="", status="failed"), message(3), message(4)])
    thread = await stored.threads.place(ask())
    assert [item.content for item in thread.items] == ["text 1", "text 3", "text 4"]


async def test_a_branch_sees_its_own_ancestors_only() -> None:
    stored = Stored([message(1), message(2), message(3), message(4)])
    thread = await stored.threads.place(ask(parent_id="msg_2"))
    assert [item.content for item in thread.items] == ["text 1", "text 2"]


async def test_a_regeneration_takes_the_stored_question_and_what_came_before_it() -> None:
    stored = Stored([message(1), message(2), message(3), message(4)])
    thread = await stored.threads.place(ask(regenerate_of="msg_4"))
    assert (thread.message, thread.user_message_id, thread.parent_id) == ("text 3", "msg_3", "msg_3")
    assert [item.content for item in thread.items] == ["text 1", "text 2"]


@pytest.mark.parametrize("fields", [{"parent_id": "msg_9"}, {"regenerate_of": "msg_9"}, {"regenerate_of": "msg_1"}])
async def test_messages_that_are_not_there_are_not_found(fields: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        await Stored([message(1), message(2)]).threads.place(ask(**fields))


async def test_another_users_conversation_is_not_found() -> None:
    with pytest.raises(NotFound):
        await Stored([message(1)]).threads.place(ask(user_id="bob"))


@pytest.mark.parametrize("fields", [{"parent_id": "msg_1"}, {"regenerate_of": "msg_1"}])
async def test_a_parent_needs_its_conversation(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        await Stored([]).threads.place(ask(conversation_id=None, **fields))


async def test_the_prefix_of_a_long_conversation_moves_in_steps() -> None:
    """Vendors bill a known prefix at a reduced price: it must not change with every turn."""
    messages = [message(number) for number in range(1, 401)]
    oldest = [(await Stored(messages[:count]).threads.place(ask())).items[0].content for count in range(300, 400, 2)]
    assert len(set(oldest)) == 100 // READ_STEP
    assert oldest == sorted(oldest, key=lambda text: int(text.split()[1]))
    assert oldest[0] == f"text {300 - READ_AT_LEAST + 1}"


async def test_a_question_can_begin_the_conversation_anew() -> None:
    stored = Stored([message(number) for number in range(1, 5)])
    thread = await stored.threads.place(ask(parent_id="root"))
    assert (thread.conversation_id, thread.parent_id) == ("conv", None)
    assert list(thread.items) == []
