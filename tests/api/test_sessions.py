"""The caller's own sign-ins over HTTP: listed and ended."""

from datetime import datetime

import httpx
import pytest

from backend.config import Settings
from tests.support.application import PASSWORD, Account, Served, serve

pytestmark = pytest.mark.shared_database


async def sessions(served: Served, account: Account, **params: str) -> dict[str, object]:
    answer = await served.client.get("/api/auth/sessions", headers=account.headers, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def items(served: Served, account: Account) -> list[dict[str, object]]:
    found = (await sessions(served, account))["items"]
    assert isinstance(found, list)
    return found


async def end(served: Served, account: Account, session_id: object) -> httpx.Response:
    return await served.client.delete(f"/api/auth/sessions/{session_id}", headers=account.headers)


async def is_signed_in(served: Served, account: Account) -> bool:
    return (await served.client.get("/api/auth/me", headers=account.headers)).status_code == 200


async def test_sign_ins_are_listed_with_their_devices_latest_used_first(app_client: Served, user: Account) -> None:
    body = {"email": user.email, "password": PASSWORD, "transport": "body"}
    phone = await app_client.client.post("/api/auth/login", json=body, headers={"User-Agent": "a phone"})
    listed = await items(app_client, user)
    assert listed[0]["device"] == "a phone"
    assert [item["current"] for item in listed] == [False, True]
    assert {name for item in listed for name in item} == {
        *("id", "device", "current", "created_at", "last_used", "expires_at")
    }
    other = await app_client.new_user()
    assert len(await items(app_client, other)) == 1
    token = phone.json()["refresh_token"].rpartition(".")[2]
    assert token not in str(listed)


async def test_a_refresh_is_use(app_client: Served, user: Account) -> None:
    body = {"email": user.email, "password": PASSWORD, "transport": "body"}
    older = (await app_client.client.post("/api/auth/login", json=body)).json()["refresh_token"]
    newest = await app_client.sign_in(user.email)
    before = await items(app_client, newest)
    assert [item["current"] for item in before] == [True, False, False]
    renewed = await app_client.client.post("/api/auth/refresh", json={"refresh_token": older})
    assert renewed.status_code == 200
    after = await items(app_client, newest)
    assert after[0]["id"] == before[1]["id"]


async def test_sign_ins_come_in_pages(app_client: Served, user: Account) -> None:
    for _ in range(4):
        await app_client.sign_in(user.email)
    seen: list[object] = []
    params = {"limit": "2"}
    while True:
        page = await sessions(app_client, user, **params)
        assert isinstance(page["items"], list)
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = str(page["next_cursor"])
    assert seen == [item["id"] for item in await items(app_client, user)]
    assert len(seen) == len(set(seen)) == 5


async def test_one_sign_in_is_ended_and_the_others_go_on(app_client: Served, user: Account) -> None:
    other = await app_client.sign_in(user.email)
    [theirs] = [item["id"] for item in await items(app_client, user) if not item["current"]]
    assert (await end(app_client, user, theirs)).status_code == 204
    assert not await is_signed_in(app_client, other)
    assert await is_signed_in(app_client, user)
    assert [item["current"] for item in await items(app_client, user)] == [True]
    assert (await end(app_client, user, theirs)).status_code == 404


async def test_nobody_ends_the_sign_in_of_another_user(app_client: Served, user: Account) -> None:
    stranger = await app_client.new_user()
    [session] = await items(app_client, user)
    answer = await end(app_client, stranger, session["id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await is_signed_in(app_client, user)


async def test_ending_ones_own_sign_in_clears_the_cookie(app_client: Served, user: Account) -> None:
    [session] = await items(app_client, user)
    answer = await end(app_client, user, session["id"])
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not await is_signed_in(app_client, user)


async def test_every_sign_in_is_ended_this_one_too(app_client: Served, user: Account) -> None:
    other, stranger = await app_client.sign_in(user.email), await app_client.new_user()
    answer = await app_client.client.post("/api/auth/logout-all", headers=user.headers)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    for account in (user, other):
        refused = await app_client.client.get("/api/auth/me", headers=account.headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    assert await is_signed_in(app_client, stranger)
    assert len(await items(app_client, await app_client.sign_in(user.email))) == 1


async def test_the_time_without_use_is_a_setting(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"session_idle": 600.0})) as served:
        [session] = await items(served, await served.new_user())
        seconds = _seconds(session["expires_at"]) - _seconds(session["last_used"])
        assert seconds == pytest.approx(600)


def _seconds(text: object) -> float:
    return datetime.fromisoformat(str(text)).timestamp()
