"""Folders: made, renamed and deleted; conversations go in and out of them, and outlive them."""

import httpx
import pytest

from tests.support.chat import Chat, Json

pytestmark = pytest.mark.shared_database


async def send(chat: Chat, method: str, path: str, body: Json | None = None) -> httpx.Response:
    return await chat.served.client.request(method, path, headers=chat.account.headers, json=body)


async def make(chat: Chat, name: str) -> str:
    made = await send(chat, "POST", "/api/folders", {"name": name})
    assert made.status_code == 201
    folder_id: str = made.json()["id"]
    return folder_id


async def begin(chat: Chat) -> str:
    conversation_id: str = (await chat.ask("How do I reverse a list?", "chat/quick"))["conversation_id"]
    return conversation_id


async def file(chat: Chat, conversation_id: str, folder_id: str | None) -> httpx.Response:
    return await send(chat, "PATCH", f"/api/conversations/{conversation_id}", {"folder_id": folder_id})


async def contents(chat: Chat, query: str) -> list[str]:
    return [item["id"] for item in (await chat.get(f"/api/conversations?{query}"))["items"]]


async def test_folders_are_made_renamed_and_listed(chat: Chat) -> None:
    plans, recipes = await make(chat, "  Plans "), await make(chat, "Recipes")
    renamed = await send(chat, "PATCH", f"/api/folders/{recipes}", {"name": "Przepisy"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Przepisy")
    made = await send(chat, "POST", "/api/folders", {"name": "Songs"})
    listed = await chat.get("/api/folders")
    assert listed["items"].pop() == made.json()
    await send(chat, "DELETE", f"/api/folders/{made.json()['id']}")
    assert [(item["id"], item["name"]) for item in listed["items"]] == [(plans, "Plans"), (recipes, "Przepisy")]
    assert listed["next_cursor"] is None
    page = await chat.get("/api/folders?limit=1")
    rest = await chat.get(f"/api/folders?limit=1&cursor={page['next_cursor']}")
    assert [item["id"] for item in page["items"] + rest["items"]] == [plans, recipes]


async def test_conversations_go_in_and_out_and_outlive_their_folder(chat: Chat) -> None:
    folder, (one, two, three) = await make(chat, "Plans"), [await begin(chat) for _ in range(3)]
    assert (await file(chat, one, folder)).json()["folder_id"] == folder
    await file(chat, two, folder)
    await send(chat, "PATCH", f"/api/conversations/{two}", {"pinned": True})
    await file(chat, three, folder)
    await send(chat, "PATCH", f"/api/conversations/{three}", {"archived": True})
    assert await contents(chat, f"folder_id={folder}") == [two, one]
    assert await contents(chat, f"folder_id={folder}&pinned=true") == [two]
    assert await contents(chat, f"folder_id={folder}&archived=true") == [three]
    assert await contents(chat, "folder_id=nobody") == []
    assert (await file(chat, one, None)).json()["folder_id"] is None
    assert await contents(chat, f"folder_id={folder}") == [two]

    assert (await send(chat, "DELETE", f"/api/folders/{folder}")).status_code == 204
    assert (await send(chat, "DELETE", f"/api/folders/{folder}")).status_code == 404
    assert (await file(chat, one, folder)).status_code == 404
    assert await contents(chat, "") == [two, one]
    for conversation in (one, two, three):
        assert (await chat.get(f"/api/conversations/{conversation}"))["folder_id"] is None


async def test_a_deleted_conversation_does_not_come_back_into_a_folder_that_is_gone(chat: Chat) -> None:
    folder, conversation = await make(chat, "Plans"), await begin(chat)
    await file(chat, conversation, folder)
    await send(chat, "DELETE", f"/api/conversations/{conversation}")
    await send(chat, "DELETE", f"/api/folders/{folder}")
    restored = await send(chat, "POST", f"/api/conversations/{conversation}/restore")
    assert restored.json()["folder_id"] is None


async def test_there_is_an_end_to_folders(chat: Chat) -> None:
    for number in range(100):
        await make(chat, f"Folder {number}")
    refused = await send(chat, "POST", "/api/folders", {"name": "One more"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    for name in ("", "  ", "x" * 81, None):
        assert (await send(chat, "POST", "/api/folders", {"name": name})).status_code == 422
