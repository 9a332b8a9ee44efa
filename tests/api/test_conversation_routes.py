"""What owners make of their conversations: lists, names, pins, archives."""

import httpx
import pytest

from tests.support.chat import Chat, Json

pytestmark = pytest.mark.shared_database


async def begin(chat: Chat, message: str = "How do I reverse a list?") -> str:
    """A new conversation's id."""
    conversation_id: str = (await chat.ask(message, "chat/quick"))["conversation_id"]
    return conversation_id


async def change(chat: Chat, conversation_id: str, **fields: object) -> httpx.Response:
    path = f"/api/conversations/{conversation_id}"
    return await chat.served.client.patch(path, headers=chat.account.headers, json=fields)


async def listed(chat: Chat, **params: bool) -> list[str]:
    query = str(httpx.QueryParams(params))
    return [item["id"] for item in (await chat.get(f"/api/conversations?{query}"))["items"]]


async def test_a_conversation_is_renamed_pinned_and_archived(chat: Chat) -> None:
    first, second = await begin(chat), await begin(chat, "And a tuple?")
    before = await chat.get(f"/api/conversations/{first}")
    assert (before["title"], before["pinned"], before["archived"]) == ("How do I reverse a list?", False, False)
    assert (before["folder_id"], before["temporary"]) == (None, False)
    answer = (await chat.messages(first))[-1]["content"]
    assert before["preview"] == answer[:160]

    renamed = (await change(chat, first, title="  Turning lists round ", pinned=True)).json()
    assert renamed == {**before, "title": "Turning lists round", "pinned": True}
    assert await chat.get(f"/api/conversations/{first}") == renamed
    assert await listed(chat) == [second, first], "the order is by use"
    assert await listed(chat, pinned=True) == [first]
    assert await listed(chat, pinned=False) == [second]

    assert (await change(chat, second, archived=True)).status_code == 200
    assert (await listed(chat), await listed(chat, archived=True)) == ([first], [second])
    await change(chat, second, archived=False)
    assert await listed(chat) == [second, first]
    assert (await change(chat, first)).json() == renamed, "nothing sent, nothing changed"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": " \n"},
        {"title": "x" * 201},
        {"title": None},
        {"pinned": None},
        {"pinned": 1},
        {"state": "kept"},
        {"temporary": True},
        {"user_id": "somebody"},
    ],
)
async def test_only_what_owners_may_set_is_taken(chat: Chat, fields: Json) -> None:
    conversation = await begin(chat)
    before = await chat.get(f"/api/conversations/{conversation}")
    assert (await change(chat, conversation, **fields)).status_code == 422
    assert await chat.get(f"/api/conversations/{conversation}") == before


async def test_messages_are_read_from_either_end(chat: Chat) -> None:
    conversation = await begin(chat)
    for question in ("And a tuple?", "Why?"):
        await chat.ask(question, "chat/quick", conversation_id=conversation)
    forward = [message["id"] for message in await chat.messages(conversation)]
    assert len(forward) == 6
    path, backward, cursor = f"/api/conversations/{conversation}/messages?order=desc&limit=4", [], ""
    while True:
        page = await chat.get(path + cursor)
        backward += [message["id"] for message in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert backward == forward[::-1]
