"""Search: the caller's own titles and messages, page by page, within a limit."""

import httpx
import pytest

from backend.config import Settings
from tests.support.application import Account, Served, serve
from tests.support.chat import Chat, Json


@pytest.fixture
async def chat(app_client: Served, user: Account) -> Chat:
    assert app_client.services is not None
    await app_client.services.database.ensure_indexes()
    return Chat(app_client, user)


async def search(chat: Chat, query: str, **params: str) -> Json:
    return await chat.get(f"/api/conversations/search?{httpx.QueryParams({'q': query, **params})}")


async def begin(chat: Chat, message: str, *, temporary: bool = False) -> str:
    answer = await chat.ask(message, "chat/quick", temporary=temporary)
    conversation_id: str = answer["conversation_id"]
    return conversation_id


async def test_titles_come_first_and_messages_show_where_the_word_is(chat: Chat) -> None:
    first = await begin(chat, "What is a platypus?")
    second = await begin(chat, "An animal")
    await chat.ask("I mean:\n\nthe Platypus of Tasmania", "chat/quick", conversation_id=second)
    found = await search(chat, "platypus")
    titles = [item for item in found["items"] if item["message_id"] is None]
    assert [(item["conversation_id"], item["title"], item["role"]) for item in titles] == [
        (first, "What is a platypus?", None)
    ]
    assert found["items"][0] == titles[0]
    messages = [item for item in found["items"] if item["role"] == "user"]
    assert [(item["conversation_id"], item["snippet"]) for item in messages] == [
        (second, "I mean: the Platypus of Tasmania"),
        (first, "What is a platypus?"),
    ]
    stored = {message["id"] for message in [*await chat.messages(first), *await chat.messages(second)]}
    assert {item["message_id"] for item in messages} <= stored
    assert found["next_cursor"] is None
    assert {item["title"] for item in (await search(chat, "TASMANIA platypus"))["items"]} == {"An animal"}
    assert (await search(chat, "platypus kangaroo"))["items"] == []


async def test_pages_have_everything_once(chat: Chat) -> None:
    for number in range(3):
        await begin(chat, f"The platypus number {number}")
    await search(chat, "platypus")
    whole = (await search(chat, "platypus", limit="100"))["items"]
    assert len([item for item in whole if item["message_id"] is None]) == 3
    seen, cursor = [], None
    while True:
        page = await search(chat, "platypus", limit="2", **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == whole


async def test_only_what_the_caller_keeps_is_found(chat: Chat, app_client: Served) -> None:
    other = Chat(app_client, await app_client.new_user())
    archived, deleted = await begin(chat, "An archived platypus"), await begin(chat, "A deleted platypus")
    await begin(chat, "A temporary platypus", temporary=True)
    client, headers = app_client.client, chat.account.headers
    await client.patch(f"/api/conversations/{archived}", headers=headers, json={"archived": True})
    await client.delete(f"/api/conversations/{deleted}", headers=headers)
    assert {item["conversation_id"] for item in (await search(chat, "platypus"))["items"]} == {archived}
    assert (await search(other, "platypus"))["items"] == []
    await client.post(f"/api/conversations/{deleted}/restore", headers=headers)
    assert {item["conversation_id"] for item in (await search(chat, "platypus"))["items"]} == {archived, deleted}


async def test_what_was_typed_is_never_an_operator(chat: Chat) -> None:
    await begin(chat, "What is a platypus?")
    for query in ("-platypus", '"platypus', '{"$gt": ""}', "$where", "/plat.*/", "platypus\\"):
        found = await search(chat, query)
        assert all("latypus" in item["snippet"] or item["message_id"] is None for item in found["items"]), query
    assert (await search(chat, "-platypus"))["items"] == []


async def test_searches_are_limited(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"limit_search": (2, 60)})) as served:
        assert served.services is not None
        await served.services.database.ensure_indexes()
        account = await served.new_user()
        statuses = [await served.client.get("/api/conversations/search?q=x", headers=account.headers) for _ in range(3)]
        assert [answer.status_code for answer in statuses] == [200, 200, 429]
        assert statuses[0].headers["x-ratelimit-limit"] == "2"
