"""Export and import over HTTP: what goes out comes in again, once."""

import asyncio
import json
from typing import Any
from unittest.mock import ANY
from urllib.parse import unquote

import httpx
import orjson
import pytest

from backend.config import Settings
from backend.services.scalable_database import ScalableDatabase
from tests.support.application import Served, serve
from tests.support.chat import Chat, Json, ledger
from tests.support.chatgpt import conversation, node
from tests.support.housekeeping import sweep

IMPORT = "/api/conversations/import"


async def send(chat: Chat, body: Json | bytes) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {**chat.account.headers, "Content-Type": "application/json"}
    return await chat.served.client.post(IMPORT, headers=headers, content=content)


async def take(chat: Chat, form: str, *conversations: Json) -> Json:
    answer = await send(chat, {"format": form, "conversations": list(conversations)})
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


async def export(chat: Chat, conversation_id: str, form: str) -> httpx.Response:
    path = f"/api/conversations/{conversation_id}/export?format={form}"
    return await chat.served.client.get(path, headers=chat.account.headers)


async def listed(chat: Chat) -> list[Json]:
    items: list[Json] = (await chat.get("/api/conversations"))["items"]
    return items


def told(messages: list[Json]) -> list[tuple[Any, ...]]:
    """Messages without their ids: the place of the parent instead."""
    places = {message["id"]: place for place, message in enumerate(messages)}
    return [
        (row["role"], row["content"], row["agent"], row["created_at"], row["parent_id"] and places[row["parent_id"]])
        for row in messages
    ]


async def test_a_conversation_of_chatgpt_comes_with_its_branches_and_goes_on(
    chat: Chat, database: ScalableDatabase
) -> None:
    assert await take(chat, "chatgpt", conversation()) == {"imported": 1, "skipped": 0, "failed": []}
    [found] = await listed(chat)
    assert (found["title"], found["message_count"], found["agent_type"]) == ("Sums", 5, "imported")
    assert (found["created_at"], found["updated_at"]) == ("2023-11-09T21:20:00.250000Z", "2023-11-09T21:21:00.250000Z")
    assert found["preview"] == "A picture."
    messages = await chat.messages(found["id"])
    assert [message["content"] for message in messages] == [
        *("What is 1 + 1?", "Three.", "Two.", "And this?\n\n[image]", "A picture.")
    ]
    assert [message["receipt"] for message in messages] == [None] * 5
    assert messages[1]["parent_id"] == messages[2]["parent_id"] == messages[0]["id"]
    assert found["last_message_id"] == messages[-1]["id"]
    assert await ledger(database, chat.account.id) == []

    reply = await chat.ask("Is it nice?", conversation_id=found["id"])
    answer = (await chat.messages(found["id"]))[-1]
    assert (answer["id"], answer["status"]) == (reply["message_id"], "complete")
    other = await chat.ask("Why three?", conversation_id=found["id"], parent_id=messages[1]["id"])
    assert other["conversation_id"] == found["id"]


async def test_an_import_can_be_repeated(chat: Chat, database: ScalableDatabase) -> None:
    second = conversation(id="other", conversation_id="other", title="Others")
    assert (await take(chat, "chatgpt", conversation(), second))["imported"] == 2
    stored = await database.collection("messages").count_documents({})
    assert await take(chat, "chatgpt", second, conversation()) == {"imported": 0, "skipped": 2, "failed": []}
    assert await take(chat, "chatgpt", second, second) == {"imported": 0, "skipped": 2, "failed": []}
    assert len(await listed(chat)) == 2
    assert await database.collection("messages").count_documents({}) == stored


async def test_two_imports_at_the_same_moment_are_one(chat: Chat, database: ScalableDatabase) -> None:
    results = await asyncio.gather(*(take(chat, "chatgpt", conversation()) for _ in range(2)))
    assert sum(result["imported"] + result["skipped"] for result in results) == 2
    [found] = await listed(chat)
    assert len(await chat.messages(found["id"])) == 5
    assert await database.collection("messages").count_documents({}) == 5


async def test_the_same_file_is_anothers_own_conversation_in_another_account(chat: Chat, app_client: Served) -> None:
    other = Chat(app_client, await app_client.new_user())
    for each in (chat, other):
        assert (await take(each, "chatgpt", conversation()))["imported"] == 1
    [mine], [theirs] = await listed(chat), await listed(other)
    assert mine["id"] != theirs["id"]
    assert (await other.served.client.get(f"/api/conversations/{mine['id']}", headers=other.account.headers)).is_error


async def test_what_cannot_be_read_fails_alone(chat: Chat) -> None:
    empty = conversation(id="empty", conversation_id="empty", title="Empty\0\ud800", mapping={})
    lone = conversation(id="lone", conversation_id="lone", mapping={"a": node("a", None, parts=["a\ud800b\0c"])})
    text = json.dumps({"format": "chatgpt", "conversations": [conversation(), empty, {}, lone]})
    answer = await send(chat, text.encode())
    assert answer.json() == {
        "imported": 2,
        "skipped": 0,
        "failed": [
            {"title": "Empty?", "reason": "It has no messages."},
            {"title": "Untitled", "reason": "It has no id."},
        ],
    }
    [single] = [found for found in await listed(chat) if found["message_count"] == 1]
    [message] = await chat.messages(single["id"])
    assert message["content"] == "a?bc"


async def test_an_export_comes_in_again_in_another_account(chat: Chat, app_client: Served) -> None:
    first = await chat.ask("How do I reverse a list?")
    again = await chat.ask("x", conversation_id=first["conversation_id"], regenerate_of=first["message_id"])
    await chat.ask("And a tuple?", conversation_id=first["conversation_id"], parent_id=first["message_id"])
    await chat.served.client.patch(
        f"/api/conversations/{first['conversation_id']}",
        headers=chat.account.headers,
        json={"title": "Zażółć: gęślą/jaźń"},
    )
    answer = await export(chat, first["conversation_id"], "json")
    assert answer.headers["content-type"] == "application/json"
    plain, _, named = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (plain, unquote(named)) == ('attachment; filename="Zazoc-gesla-jazn.json"', "Zażółć-gęślą-jaźń.json")
    assert again["message_id"] in answer.text
    assert (await take_file(chat, answer)) == {"imported": 0, "skipped": 1, "failed": []}, "it is here already"

    other = Chat(app_client, await app_client.new_user())
    assert (await take_file(other, answer)) == {"imported": 1, "skipped": 0, "failed": []}
    assert (await take_file(other, answer)) == {"imported": 0, "skipped": 1, "failed": []}
    [theirs], [mine] = await listed(other), await listed(chat)
    same = {"id": ANY, "last_message_id": ANY}
    assert theirs == {**mine, **same}
    assert told(await other.messages(theirs["id"])) == told(await chat.messages(mine["id"]))
    exported_again = await export(other, theirs["id"], "json")
    assert (await take_file(other, exported_again))["skipped"] == 1


async def take_file(chat: Chat, exported: httpx.Response) -> Json:
    answer = await send(chat, exported.content)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


async def test_what_was_deleted_can_be_imported_again(
    chat: Chat, app_client: Served, database: ScalableDatabase
) -> None:
    await take(chat, "chatgpt", conversation())
    [found] = await listed(chat)
    await chat.served.client.delete(f"/api/conversations/{found['id']}", headers=chat.account.headers)
    assert (await take(chat, "chatgpt", conversation()))["imported"] == 1
    assert await listed(chat) == [found]
    assert len(await chat.messages(found["id"])) == 5
    await sweep(app_client)
    assert await database.collection("messages").count_documents({}) == 5


async def test_half_an_import_is_seen_by_nobody_and_purged_or_completed(
    chat: Chat, database: ScalableDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = type(database.collection("messages"))

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(collection, "insert_many", crash)
        failed = await send(chat, {"format": "chatgpt", "conversations": [conversation()]})
    assert failed.status_code == 500
    assert await listed(chat) == []
    assert await database.collection("conversations").count_documents({"purge_at": {"$exists": True}}) == 1
    assert (await take(chat, "chatgpt", conversation()))["imported"] == 1
    assert len(await chat.messages((await listed(chat))[0]["id"])) == 5


async def test_markdown_has_the_branch_in_use(chat: Chat) -> None:
    await take(chat, "chatgpt", conversation())
    [found] = await listed(chat)
    answer = await export(chat, found["id"], "markdown")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="Sums.md"')
    text = answer.text
    assert text.startswith("# Sums\n")
    said = [text.index(part) for part in ("What is 1 + 1?", "Two.", "And this?", "A picture.")]
    assert said == sorted(said)
    assert "Three." not in text


async def test_a_long_conversation_is_exported_whole(chat: Chat) -> None:
    """More than a batch of every query on the way."""
    nodes = {
        f"n{number:04}": node(
            f"n{number:04}",
            f"n{number - 1:04}" if number else None,
            role=("user", "assistant")[number % 2],
            parts=[f"part {number:04} "],
        )
        for number in range(1_203)
    }
    await take(chat, "chatgpt", conversation(mapping=nodes, current_node="n1202"))
    [found] = await listed(chat)
    exported = (await export(chat, found["id"], "json")).json()
    contents = [message["content"] for message in exported["conversations"][0]["messages"]]
    assert contents == [f"part {number:04}" for number in range(1_203)]
    text = (await export(chat, found["id"], "markdown")).text
    assert text.count("part ") == 1_203


async def test_temporary_conversations_are_not_exported(chat: Chat) -> None:
    reply = await chat.ask("A secret", temporary=True)
    for form in ("json", "markdown"):
        refused = await export(chat, reply["conversation_id"], form)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_an_import_has_a_limit_of_its_own_and_takes_nothing_that_is_cut_off(
    chat: Chat, database: ScalableDatabase
) -> None:
    large = orjson.dumps({"format": "aether", "conversations": [], "more": "x" * 16_000_000})
    refused = await send(chat, large)
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    cut = orjson.dumps({"format": "chatgpt", "conversations": [conversation(), conversation(id="b")]})[:-2]
    refused = await send(chat, cut)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_json")
    assert await database.collection("conversations").count_documents({}) == 0


async def test_more_imports_at_once_are_refused_before_they_are_read(chat: Chat) -> None:
    assert chat.served.services is not None
    with chat.served.services.transfers_in.slot(), chat.served.services.transfers_in.slot():
        refused = await send(chat, b"not even JSON")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "overloaded", "5")
    assert (await take(chat, "chatgpt", conversation()))["imported"] == 1


async def test_imports_are_limited(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"limit_upload": (1, 60)})) as served:
        chat = Chat(served, await served.new_user())
        answers = [await send(chat, {"format": "aether", "conversations": []}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[0].json() == {"imported": 0, "skipped": 0, "failed": []}
