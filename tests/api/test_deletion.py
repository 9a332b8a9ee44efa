"""Conversations that go: deleted, with a way back for a while, and temporary ones."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from backend.services.scalable_database import ScalableDatabase
from tests.servers import SimulatorHandle
from tests.support.application import Served
from tests.support.chat import Chat, Json, close_gate, held, ledger, open_gate
from tests.support.housekeeping import sweep
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

PERIOD_OVER = timedelta(minutes=11)
DAY_OVER = timedelta(hours=24, minutes=1)


async def begin(chat: Chat, *, temporary: bool = False) -> str:
    answer = await chat.ask("How do I reverse a list?", temporary=temporary)
    conversation_id: str = answer["conversation_id"]
    return conversation_id


async def delete(chat: Chat, conversation_id: str) -> int:
    path = f"/api/conversations/{conversation_id}"
    return (await chat.served.client.delete(path, headers=chat.account.headers)).status_code


async def restore(chat: Chat, conversation_id: str) -> httpx.Response:
    path = f"/api/conversations/{conversation_id}/restore"
    return await chat.served.client.post(path, headers=chat.account.headers)


async def listed(chat: Chat) -> list[str]:
    found = [await chat.get(f"/api/conversations?archived={archived}") for archived in ("false", "true")]
    return [item["id"] for page in found for item in page["items"]]


async def everything_that_reads(chat: Chat, conversation_id: str) -> dict[str, int]:
    """Statuses of all that can be asked about a conversation."""
    path, client, headers = f"/api/conversations/{conversation_id}", chat.served.client, chat.account.headers
    question = {"message": "And a tuple?", "conversation_id": conversation_id}
    answers = {
        "get": await client.get(path, headers=headers),
        "change": await client.patch(path, headers=headers, json={"title": "Mine"}),
        "messages": await client.get(f"{path}/messages", headers=headers),
        "quick": await chat.post("chat/quick", **question),
        "optimized": await chat.post("chat/optimized", **question),
        "multi-agent": await chat.post("chat/multi-agent", **question, agents=["dev"]),
        "stream": await chat.post("chat/stream", **question),
        "estimate": await chat.post("chat/estimate", **question),
    }
    return {name: answer.status_code for name, answer in answers.items()}


async def stored(database: ScalableDatabase, conversation_id: str) -> tuple[int, int]:
    """(conversations, messages)."""
    conversations = await database.collection("conversations").count_documents({"_id": conversation_id})
    messages = await database.collection("messages").count_documents({"conversation_id": conversation_id})
    return conversations, messages


async def test_a_deleted_conversation_is_gone_from_everywhere_and_comes_back_as_it_was(chat: Chat) -> None:
    conversation, other = await begin(chat), await begin(chat)
    before = await chat.get(f"/api/conversations/{conversation}")
    messages = await chat.messages(conversation)
    assert await delete(chat, conversation) == 204
    assert await delete(chat, conversation) == 404
    assert await listed(chat) == [other]
    assert set((await everything_that_reads(chat, conversation)).values()) == {404}
    restored = await restore(chat, conversation)
    assert (restored.status_code, restored.json()) == (200, before)
    assert await chat.messages(conversation) == messages
    assert await listed(chat) == [other, conversation]
    assert (await restore(chat, conversation)).status_code == 404, "it is not deleted any more"
    assert set((await everything_that_reads(chat, conversation)).values()) == {200}


async def test_after_the_undo_period_nothing_is_left_but_the_ledger(
    chat: Chat, app_client: Served, database: ScalableDatabase
) -> None:
    conversation, kept = await begin(chat), await begin(chat)
    await delete(chat, conversation)
    await sweep(app_client)
    assert await stored(database, conversation) == (1, 2), "not yet"
    await sweep(app_client, PERIOD_OVER)
    assert await stored(database, conversation) == (0, 0)
    assert await stored(database, kept) == (1, 2)
    assert (await restore(chat, conversation)).status_code == 404
    assert len(await ledger(database, chat.account.id)) == 1


async def test_a_deletion_is_not_taken_back_after_its_time_even_where_nobody_has_swept(
    chat: Chat, database: ScalableDatabase
) -> None:
    conversation = await begin(chat)
    await delete(chat, conversation)
    now = database.now
    database.now = lambda: now() + PERIOD_OVER
    assert (await restore(chat, conversation)).status_code == 404
    assert await stored(database, conversation) == (1, 2)


async def test_what_was_restored_is_not_purged(chat: Chat, app_client: Served, database: ScalableDatabase) -> None:
    conversation = await begin(chat)
    await delete(chat, conversation)
    await restore(chat, conversation)
    await sweep(app_client, DAY_OVER)
    assert await stored(database, conversation) == (1, 2)


async def test_an_answer_that_was_under_way_is_there_after_the_restoration(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    conversation = await begin(chat)
    close_gate(simulator)
    asking = asyncio.create_task(chat.ask("And a tuple?", conversation_id=conversation, use_cache=False))
    await eventually(lambda: held(simulator) == 1)
    await delete(chat, conversation)
    open_gate(simulator)
    await asking
    assert (await restore(chat, conversation)).json()["message_count"] == 4
    assert [message["status"] for message in await chat.messages(conversation)] == ["complete"] * 4


@pytest.mark.parametrize("path", ["chat/quick", "chat/optimized", "chat/multi-agent", "chat/stream"])
async def test_a_temporary_conversation_goes_on_by_its_id_and_is_gone_after_a_day(
    chat: Chat, app_client: Served, database: ScalableDatabase, path: str
) -> None:
    answer = await chat.post(path, message="How do I reverse a list?", temporary=True)
    assert answer.status_code == 200
    [row] = await database.collection("conversations").find({"user_id": chat.account.id}).to_list(None)
    conversation = row["_id"]
    assert await listed(chat) == []
    assert (await chat.get(f"/api/conversations/{conversation}"))["temporary"]
    follow: Json = {"conversation_id": conversation, "temporary": True}
    assert (await chat.post(path, message="And a tuple?", **follow)).status_code == 200
    assert len(await chat.messages(conversation)) == 4
    assert await listed(chat) == []
    spent = await ledger(database, chat.account.id)
    await sweep(app_client, timedelta(hours=23))
    assert await stored(database, conversation) == (1, 4)
    await sweep(app_client, DAY_OVER)
    assert await stored(database, conversation) == (0, 0)
    assert await ledger(database, chat.account.id) == spent


async def test_a_temporary_conversation_that_was_deleted_and_restored_is_still_temporary(
    chat: Chat, app_client: Served, database: ScalableDatabase
) -> None:
    conversation = await begin(chat, temporary=True)
    before = await chat.get(f"/api/conversations/{conversation}")
    assert await delete(chat, conversation) == 204
    assert (await restore(chat, conversation)).json() == before
    assert await listed(chat) == []
    await sweep(app_client, DAY_OVER)
    assert await stored(database, conversation) == (0, 0)


async def test_a_conversation_that_is_kept_does_not_become_temporary(chat: Chat) -> None:
    conversation = await begin(chat)
    refused = await chat.post("chat/quick", message="And?", conversation_id=conversation, temporary=True)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert len(await chat.messages(conversation)) == 2
