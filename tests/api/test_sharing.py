"""Share links: a snapshot for whoever has the link, nothing for anybody else, and nothing once it is taken back."""

from datetime import timedelta

import httpx

from backend.config import Settings
from backend.services.scalable_database import ScalableDatabase
from tests.support.application import Served, serve
from tests.support.chat import Chat, Json
from tests.support.housekeeping import sweep


async def send(chat: Chat, method: str, path: str, body: Json | None = None) -> httpx.Response:
    return await chat.served.client.request(method, path, headers=chat.account.headers, json=body)


async def share(chat: Chat, conversation_id: str, **fields: str) -> tuple[Json, str]:
    """The answer, and the path under which anybody reads it."""
    made = await send(chat, "POST", f"/api/conversations/{conversation_id}/share", fields or None)
    assert made.status_code == 201, made.text
    front, token = made.json()["url_path"].split("/#/shared/")
    assert front == ""
    return made.json(), f"/api/shared/{token}"


async def read(chat: Chat, path: str) -> httpx.Response:
    """As somebody without an account."""
    return await chat.served.client.get(path)


async def test_anybody_with_the_link_reads_the_branch_as_it_was(chat: Chat) -> None:
    first = await chat.ask("How do I reverse a list?")
    conversation = first["conversation_id"]
    made, path = await share(chat, conversation)
    await chat.ask("A secret that came later", conversation_id=conversation)
    await send(chat, "PATCH", f"/api/conversations/{conversation}", {"title": "Another name"})
    answer = await read(chat, path)
    assert answer.status_code == 200
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["cache-control"] == "no-store"
    question, reply, *_ = await chat.messages(conversation)
    assert answer.json() == {
        "title": "How do I reverse a list?",
        "created_at": made["created_at"],
        "messages": [
            {name: message[name] for name in ("role", "content", "agent", "created_at")}
            for message in (question, reply)
        ],
    }


async def test_what_is_shared_names_nobody_and_no_cost(chat: Chat) -> None:
    reply = await chat.ask("How do I reverse a list?")
    made, path = await share(chat, reply["conversation_id"])
    text = (await read(chat, path)).text
    account = chat.account
    for secret in (
        account.id,
        account.email,
        made["id"],
        reply["conversation_id"],
        reply["message_id"],
        '"cost',
        '"model',
    ):
        assert secret not in text, secret


async def test_a_share_ends_at_the_message_that_was_chosen_and_leaves_other_branches_out(chat: Chat) -> None:
    first = await chat.ask("How do I reverse a list?")
    conversation = first["conversation_id"]
    left = await chat.ask("And a tuple?", conversation_id=conversation)
    await chat.ask("And a dictionary?", conversation_id=conversation, parent_id=first["message_id"])
    _, last = await share(chat, conversation)
    _, chosen = await share(chat, conversation, message_id=left["message_id"])
    _, short = await share(chat, conversation, message_id=first["message_id"])
    questions = [
        [message["content"] for message in (await read(chat, path)).json()["messages"] if message["role"] == "user"]
        for path in (last, chosen, short)
    ]
    assert questions == [
        ["How do I reverse a list?", "And a dictionary?"],
        ["How do I reverse a list?", "And a tuple?"],
        ["How do I reverse a list?"],
    ]
    other = await chat.ask("Elsewhere")
    refused = await send(chat, "POST", f"/api/conversations/{conversation}/share", {"message_id": other["message_id"]})
    assert refused.status_code == 404


async def test_an_owner_sees_and_takes_back_what_is_shared(chat: Chat, app_client: Served) -> None:
    reply = await chat.ask("How do I reverse a list?")
    (first, one), (second, two) = [await share(chat, reply["conversation_id"]) for _ in range(2)]
    assert one != two
    listed = await chat.get("/api/shares")
    expected = [
        {name: made[name] for name in ("id", "conversation_id", "title", "created_at")} for made in (second, first)
    ]
    assert (listed["items"], listed["next_cursor"]) == (expected, None)
    other = Chat(app_client, await app_client.new_user())
    assert (await other.get("/api/shares"))["items"] == []
    assert (await send(other, "DELETE", f"/api/shares/{first['id']}")).status_code == 404
    assert (await send(chat, "DELETE", f"/api/shares/{first['id']}")).status_code == 204
    assert (await send(chat, "DELETE", f"/api/shares/{first['id']}")).status_code == 404
    gone = await read(chat, one)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert (await read(chat, two)).status_code == 200


async def test_a_share_goes_with_its_conversation_and_comes_back_with_it(
    chat: Chat, app_client: Served, database: ScalableDatabase
) -> None:
    reply = await chat.ask("How do I reverse a list?")
    conversation = f"/api/conversations/{reply['conversation_id']}"
    _, path = await share(chat, reply["conversation_id"])
    await send(chat, "DELETE", conversation)
    assert (await read(chat, path)).status_code == 404
    assert (await chat.get("/api/shares"))["items"] == []
    await send(chat, "POST", f"{conversation}/restore")
    assert (await read(chat, path)).status_code == 200
    await send(chat, "DELETE", conversation)
    await sweep(app_client, timedelta(minutes=11))
    assert await database.collection("shares").count_documents({}) == 0


async def test_only_the_hash_of_a_token_is_stored(chat: Chat, database: ScalableDatabase) -> None:
    reply = await chat.ask("How do I reverse a list?")
    _, path = await share(chat, reply["conversation_id"])
    token = path.rsplit("/", 1)[1]
    assert len(token) == 43, "256 bits"
    [row] = await database.collection("shares").find({}).to_list(None)
    assert token not in str(row)
    for guess in (row["token_hash"], row["_id"], token[:-1], token.swapcase()):
        assert (await read(chat, f"/api/shared/{guess}")).status_code == 404


async def test_what_is_temporary_or_empty_or_too_long_is_not_shared(chat: Chat, database: ScalableDatabase) -> None:
    temporary = await chat.ask("A secret", temporary=True)
    refused = await send(chat, "POST", f"/api/conversations/{temporary['conversation_id']}/share")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    reply = await chat.ask("How do I reverse a list?")
    path = f"/api/conversations/{reply['conversation_id']}/share"
    messages = database.collection("messages")
    await messages.update_one({"message_id": reply["message_id"]}, {"$set": {"content": "x" * 1_000_001}})
    assert (await send(chat, "POST", path)).status_code == 422
    await messages.update_many({"conversation_id": reply["conversation_id"]}, {"$set": {"content": ""}})
    assert (await send(chat, "POST", path)).status_code == 409


async def test_there_is_an_end_to_shares(chat: Chat) -> None:
    reply = await chat.ask("How do I reverse a list?")
    for _ in range(100):
        await share(chat, reply["conversation_id"])
    refused = await send(chat, "POST", f"/api/conversations/{reply['conversation_id']}/share")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_reading_is_limited_by_address(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"limit_entry": (1, 60)})) as served:
        answers = [await served.client.get("/api/shared/nothing") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [404, 429]
