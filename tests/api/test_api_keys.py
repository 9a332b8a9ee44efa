"""API keys over HTTP: made once, used for what they are for, changed and revoked."""

import re

import pytest

from backend.domain.api_keys import MAX_KEYS
from tests.support.api_keys import KEYS, by_key, make_key
from tests.support.application import Account, Served
from tests.support.chat import Chat

pytestmark = pytest.mark.shared_database


async def test_a_key_is_shown_once_and_asks_in_the_users_name(app_client: Served, user: Account) -> None:
    made = await make_key(app_client, user, name="Nightly report", scopes=["chat"], limit="100/minute")
    key = made.pop("key")
    assert re.fullmatch(r"aek_[0-9a-f]{72}", key)
    assert key.startswith(made["prefix"])
    listed = (await app_client.client.get(KEYS, headers=user.headers)).json()
    assert listed == {"items": [made]}
    assert (made["name"], made["scopes"], made["limit"]) == ("Nightly report", ["chat"], "100/minute")
    assert made["last_used"] is made["expires_at"] is None
    answer = await Chat(app_client, by_key(user, key)).ask("By a program", "chat/quick")
    conversations = (await app_client.client.get("/api/conversations", headers=user.headers)).json()["items"]
    assert [row["id"] for row in conversations] == [answer["conversation_id"]]


async def test_a_key_is_changed_and_revoked_by_its_owner(app_client: Served, user: Account) -> None:
    made = await make_key(app_client, user, scopes=["usage:read"], limit="1/minute", expires_in_days=7)
    program, path = by_key(user, made["key"]), f"{KEYS}/{made['id']}"
    chat = Chat(app_client, program)
    assert (await chat.post("chat/quick", message="Not yet")).json()["code"] == "insufficient_scope"
    body = {"scopes": ["chat"], "limit": "off", "name": "Chatter"}
    changed = (await app_client.client.patch(path, headers=user.headers, json=body)).json()
    assert (changed["name"], changed["scopes"], changed["limit"]) == ("Chatter", ["chat"], None)
    assert changed["expires_at"] == made["expires_at"]
    assert (await chat.post("chat/quick", message="Now")).status_code == 200
    assert (await app_client.client.delete(path, headers=user.headers)).status_code == 204
    refused = await chat.post("chat/quick", message="Too late")
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_invalid")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert (await app_client.client.delete(path, headers=user.headers)).status_code == 404
    assert (await app_client.client.patch(path, headers=user.headers, json={})).status_code == 404
    assert (await app_client.client.get(KEYS, headers=user.headers)).json() == {"items": []}


async def test_what_a_key_cannot_be_is_refused(app_client: Served, user: Account) -> None:
    bad: tuple[dict[str, object], ...] = (
        {"scopes": []},
        {"scopes": ["everything"]},
        {"limit": "0/minute"},
        {"limit": "5/2days"},
        {"limit": "fast"},
        {"limit": "off"},
        {"expires_in_days": 0},
        {"name": " "},
    )
    for fields in bad:
        body = {"name": "A program", "scopes": ["chat"], **fields}
        answer = await app_client.client.post(KEYS, headers=user.headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), fields
    forbidden = await app_client.client.post(KEYS, headers=user.headers, json={"name": "A", "scopes": ["admin"]})
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")


async def test_a_user_has_so_many_keys(app_client: Served, user: Account) -> None:
    for _ in range(MAX_KEYS):
        await make_key(app_client, user)
    refused = await app_client.client.post(KEYS, headers=user.headers, json={"name": "More", "scopes": ["chat"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_keys")


async def test_an_administrators_key_is_worth_nothing_once_the_owner_is_no_administrator(app_client: Served) -> None:
    assert app_client.services is not None
    users = app_client.services.database.collection("users")
    account = await app_client.new_user()
    await users.update_one({"_id": account.id}, {"$set": {"role": "admin"}})
    owner = await app_client.sign_in(account.email)
    program = by_key(owner, (await make_key(app_client, owner, scopes=["admin"]))["key"])
    for path in ("/api/admin/spending", "/metrics"):
        assert (await app_client.client.get(path, headers=program.headers)).status_code == 200
    await users.update_one({"_id": account.id}, {"$set": {"role": "user"}})
    for path in ("/api/admin/spending", "/metrics"):
        refused = await app_client.client.get(path, headers=program.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_keys_end_with_their_account(app_client: Served, user: Account) -> None:
    program = by_key(user, (await make_key(app_client, user, scopes=["usage:read"]))["key"])
    usage = "/api/ai/v4/analytics/user"
    assert (await app_client.client.get(usage, headers=program.headers)).status_code == 200
    leaving = {"password": "correct horse battery"}
    left = await app_client.client.post("/api/auth/delete-account", headers=user.headers, json=leaving)
    assert left.status_code == 204
    refused = await app_client.client.get(usage, headers=program.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_invalid")


async def test_no_secret_of_a_key_is_exported(app_client: Served, user: Account) -> None:
    made = await make_key(app_client, user)
    export = await app_client.client.get("/api/auth/me/export", headers=user.headers)
    [row] = export.json()["api_keys"]
    assert {"id", "name", "prefix", "scopes", "created_at"} == set(row)
    assert made["key"] not in export.text
