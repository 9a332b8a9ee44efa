"""Taking everything along, leaving, and being forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from backend.domain.audit import AuditAction
from backend.services.repositories.personal_data import HOLDINGS, PersonalDataRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.scalable_database.indexes import INDEXES
from tests.support.application import PASSWORD, Account, Served
from tests.support.chat import Chat, Json, pico
from tests.support.housekeeping import sweep

NOT_OF_USERS = {
    "alerts",
    "calibrations",
    "controls",
    "leases",
    "mail_requests",
    "metrics",
    "migrations",
    "routing_traffic",
}


async def leave(served: Served, account: Account, password: str = PASSWORD) -> httpx.Response:
    body = {"password": password}
    return await served.client.post("/api/auth/delete-account", json=body, headers=account.headers)


async def export(served: Served, account: Account) -> Json:
    answer = await served.client.get("/api/auth/me/export", headers=account.headers)
    assert answer.headers["content-disposition"] == 'attachment; filename="aether-account.json"'
    found: Json = answer.json()
    return found


async def found_of(database: ScalableDatabase, text: str) -> dict[str, int]:
    """Collections in which a document contains the text anywhere, and in how many."""
    seen: dict[str, int] = {}
    for name in await collections(database):
        rows = await database.collection(name).find({}).to_list(None)
        count = sum(text in str(row) for row in rows)
        if count:
            seen[name] = count
    return seen


async def collections(database: ScalableDatabase) -> list[str]:
    listed = await database.driver.command({"listCollections": 1, "nameOnly": True})
    return [row["name"] for row in listed["cursor"]["firstBatch"]]


async def ledger_total(database: ScalableDatabase) -> tuple[int, int]:
    records = await database.collection("ai_usage").find({}).to_list(None)
    counters = await database.collection("usage_daily").find({}).to_list(None)
    return sum(row["cost"] for row in records), sum(row.get("cost", 0) for row in counters)


async def converse(served: Served, account: Account) -> list[Json]:
    """Questions, their answers, what the account thinks of them, and a prompt."""
    chat = Chat(served, account)
    first = await chat.ask("How do I reverse a list?")
    second = await chat.ask("And a tuple?", conversation_id=first["conversation_id"])
    replies = [first, second, await chat.ask("Why?")]
    for reply in replies:
        path = f"/api/messages/{reply['message_id']}/feedback"
        rated = await served.client.put(path, headers=account.headers, json={"rating": "up", "comment": "Clear."})
        rated.raise_for_status()
    prompt = {"title": "Explain", "text": "Explain {{topic}}"}
    (await served.client.post("/api/prompts", headers=account.headers, json=prompt)).raise_for_status()
    return replies


async def test_the_export_holds_everything_of_the_user_and_nothing_else(app_client: Served, user: Account) -> None:
    replies = await converse(app_client, user)
    other = await app_client.new_user()
    await Chat(app_client, other).ask("A question of somebody else")
    found = await export(app_client, user)
    assert found["user"]["email"] == user.email
    assert [message["content"] for message in found["messages"] if message["role"] == "user"] == [
        *("How do I reverse a list?", "And a tuple?", "Why?")
    ]
    assert {row["id"] for row in found["conversations"]} == {reply["conversation_id"] for reply in replies}
    assert sum(pico(row["cost"]) for row in found["ai_usage"]) == sum(pico(reply["cost"]) for reply in replies)
    assert sum(row.get("requests", 0) for row in found["usage_daily"]) == 3
    assert len(found["auth_sessions"]) == 1
    text = str(found)
    assert "somebody else" not in text
    assert "argon2" not in text
    assert not {"token_hash", "hash", "password_hash", "previous_hash"} & {
        name for row in rows_of(found) for name in row
    }


def rows_of(found: Json) -> list[dict[str, Any]]:
    return [row for rows in found.values() if isinstance(rows, list) for row in rows]


async def test_an_export_is_read_in_batches_without_gap_or_repetition(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    replies = await converse(app_client, user)
    await database.collection("conversations").update_many(
        {"user_id": user.id}, {"$set": {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)}}
    )
    await database.collection("conversations").update_one({"user_id": user.id}, {"$set": {"archived": True}})
    assert app_client.services is not None
    for _ in range(2):
        await app_client.services.folders.create(user.id, "Plans")
        await app_client.services.sharing.share(user.id, replies[0]["conversation_id"], None)
        await app_client.services.audit.record(AuditAction.ACCOUNT_EXPORTED, user_id=user.id)
    for holding in HOLDINGS:
        if not holding.order:
            continue
        [whole] = [rows async for rows in PersonalDataRepository(database).export(user.id, holding)]
        single = [rows async for rows in PersonalDataRepository(database, batch=1).export(user.id, holding)]
        assert [row for rows in single for row in rows] == whole
        assert {len(rows) for rows in single} == {1}


async def test_a_deleted_account_leaves_nothing_but_an_anonymous_ledger(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    await converse(app_client, user)
    before = await ledger_total(database)
    assert before[0] == before[1] > 0
    assert (await leave(app_client, user)).status_code == 204
    refused = await app_client.client.get("/api/auth/me", headers=user.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    assert set(await found_of(database, user.id)) == {"users", "auth_sessions"}
    assert await found_of(database, user.email) == {}
    await sweep(app_client, timedelta(minutes=16))
    assert await found_of(database, user.id) == {}
    assert await ledger_total(database) == before
    owners = {row["user_id"] for row in await database.collection("ai_usage").find({}).to_list(None)}
    assert [owner.partition("_")[0] for owner in owners] == ["deleted"]


async def test_what_was_under_way_when_an_account_ended_is_erased_too(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    await converse(app_client, user)
    late = await database.collection("usage_daily").find_one({"user_id": user.id})
    assert late is not None
    await leave(app_client, user)
    await database.collection("usage_daily").insert_one(late)
    await database.collection("messages").insert_one({"user_id": user.id, "message_id": "late", "request_id": "late"})
    await sweep(app_client)  # not due yet
    assert set(await found_of(database, user.id)) == {"users", "auth_sessions", "messages", "usage_daily"}
    await sweep(app_client, timedelta(minutes=16))
    assert await found_of(database, user.id) == {}


async def test_an_erasure_that_a_crash_broke_off_goes_on(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    await converse(app_client, user)
    assert app_client.services is not None
    await app_client.services.users.mark_deleted(user.id, datetime.now(UTC))  # and then kill -9
    await sweep(app_client)
    assert set(await found_of(database, user.id)) == {"users", "auth_sessions"}
    await sweep(app_client, timedelta(minutes=16))
    assert await found_of(database, user.id) == {}


async def test_leaving_needs_the_password_and_frees_the_address(app_client: Served, user: Account) -> None:
    other = await app_client.sign_in(user.email)
    wrong = await leave(app_client, user, "a wrong password")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    assert (await leave(app_client, user)).status_code == 204
    assert (await app_client.client.get("/api/auth/me", headers=other.headers)).status_code == 401
    for password in (PASSWORD, "the password of nobody"):
        for email in (user.email, user.id):
            answer = await app_client.client.post("/api/auth/login", json={"email": email, "password": password})
            assert answer.status_code == 401
    again = await app_client.client.post("/api/auth/register", json={"email": user.email, "password": PASSWORD})
    assert again.status_code == 201
    assert (await app_client.sign_in(user.email)).id != user.id


async def test_conversations_past_the_retention_period_are_deleted(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    other = await app_client.new_user()
    replies = await converse(app_client, user)
    await converse(app_client, other)
    old, kept = replies[0]["conversation_id"], replies[2]["conversation_id"]
    conversations = database.collection("conversations")
    long_ago = {"$set": {"updated_at": datetime.now(UTC) - timedelta(days=31), "archived": True}}
    await conversations.update_one({"_id": old}, long_ago)
    await conversations.update_many({"user_id": other.id}, long_ago)
    await sweep(app_client)
    assert await conversations.count_documents({"user_id": user.id}) == 2
    update = {"retention_days": 30}
    await app_client.client.patch("/api/auth/me", json=update, headers=user.headers)
    await sweep(app_client)
    assert [row["_id"] for row in await conversations.find({"user_id": user.id}).to_list(None)] == [kept]
    assert await database.collection("messages").count_documents({"conversation_id": old}) == 0
    assert await conversations.count_documents({"user_id": other.id}) == 2
    assert await database.collection("ai_usage").count_documents({"user_id": user.id}) == 3
    await conversations.update_one({"_id": kept}, long_ago)
    await sweep(app_client)
    assert await conversations.count_documents({"user_id": user.id}) == 1, "once a day"
    await sweep(app_client, timedelta(days=1, minutes=1))
    assert await conversations.count_documents({"user_id": user.id}) == 0


async def test_no_collection_of_users_is_forgotten(
    app_client: Served, user: Account, database: ScalableDatabase
) -> None:
    """A new collection with a user_id needs a line in HOLDINGS."""
    await converse(app_client, user)
    listed = {holding.collection for holding in HOLDINGS}
    for name in {*await collections(database), *(index.collection for index in INDEXES)}:
        holds = await database.collection(name).find_one({"user_id": {"$exists": True}})
        assert name in listed or (holds is None and (name in NOT_OF_USERS or name == "users")), name
