"""People's accounts as administrators find and change them."""

from typing import Any

import httpx
import pytest

from tests.support.api_keys import make_key
from tests.support.application import PASSWORD, Account, Served
from tests.support.chat import Json


async def listed(served: Served, admin: Account, **params: Any) -> Json:  # noqa: ANN401
    answer = await served.client.get("/api/admin/users", headers=admin.headers, params=params)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def change(served: Served, admin: Account, user_id: str, **body: object) -> httpx.Response:
    return await served.client.patch(f"/api/admin/users/{user_id}", headers=admin.headers, json=body)


async def login(served: Served, email: str) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "transport": "body"}
    return await served.client.post("/api/auth/login", json=body)


async def actions(served: Served, admin: Account, user_id: str) -> list[tuple[str, str]]:
    found = await served.client.get("/api/admin/audit", headers=admin.headers, params={"user": user_id})
    return [(item["action"], item["actor_id"]) for item in found.json()["items"]]


async def test_accounts_are_listed_in_pages_and_found_by_address_and_role(app_client: Served, admin: Account) -> None:
    accounts = [await app_client.new_user() for _ in range(3)]
    await change(app_client, admin, accounts[0].id, role="premium")
    await app_client.client.patch(
        f"/api/admin/users/{accounts[1].id}/budget", headers=admin.headers, json={"tokens": 5, "cost_usd": "0.5"}
    )
    seen, cursor = [], None
    while True:
        page = await listed(app_client, admin, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    ids = [account.id for account in reversed(accounts)]
    assert [item["id"] for item in seen] == [*ids, admin.id]
    assert [item["budget"] for item in seen[:3]] == [None, {"tokens": 5, "cost_usd": "0.5"}, None]
    beginning = accounts[2].email.partition("@")[0].upper()
    assert [item["id"] for item in (await listed(app_client, admin, query=beginning))["items"]] == [accounts[2].id]
    assert [item["id"] for item in (await listed(app_client, admin, role="premium"))["items"]] == [accounts[0].id]
    both = await listed(app_client, admin, role="user", query="user")
    assert {item["id"] for item in both["items"]} == {accounts[1].id, accounts[2].id}
    assert (await listed(app_client, admin, query="nobody"))["items"] == []
    assert not any("password" in name or "hash" in name for item in seen for name in item)


async def test_a_closed_account_is_shut_out_by_every_way(app_client: Served, admin: Account) -> None:
    account = await app_client.new_user()
    refresh_token = (await login(app_client, account.email)).json()["refresh_token"]
    key = await make_key(app_client, account, scopes=["chat"])
    with_key = {"Authorization": f"Bearer {key['key']}"}
    models = "/api/ai/v4/models"
    assert (await app_client.client.get(models, headers=with_key)).status_code == 200

    closed = await change(app_client, admin, account.id, disabled=True)
    assert closed.json()["disabled_at"] is not None
    assert (await app_client.client.get("/api/auth/me", headers=account.headers)).status_code == 401
    assert (await app_client.client.get(models, headers=with_key)).status_code == 401
    renewed = await app_client.client.post("/api/auth/refresh", json={"refresh_token": refresh_token})
    assert renewed.status_code == 401
    refused = await login(app_client, account.email)
    assert (refused.status_code, refused.json()["code"]) == (401, "account_disabled")
    again = (await change(app_client, admin, account.id, disabled=True)).json()
    assert again["disabled_at"] == closed.json()["disabled_at"]

    opened = await change(app_client, admin, account.id, disabled=False)
    assert opened.json()["disabled_at"] is None
    assert (await login(app_client, account.email)).status_code == 200
    found = await actions(app_client, admin, account.id)
    assert [row for row in found if row[1] == admin.id] == [("user_enabled", admin.id), ("user_disabled", admin.id)]


async def test_who_does_not_know_the_password_does_not_hear_that_an_account_is_closed(
    app_client: Served, admin: Account
) -> None:
    account = await app_client.new_user()
    await change(app_client, admin, account.id, disabled=True)
    body = {"email": account.email, "password": "not the right one"}
    answer = await app_client.client.post("/api/auth/login", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def test_another_role_holds_at_once(app_client: Served, admin: Account) -> None:
    account = await app_client.new_user()
    assert (await change(app_client, admin, account.id, role="admin")).json()["role"] == "admin"
    assert (await app_client.client.get("/api/auth/me", headers=account.headers)).status_code == 401
    promoted = await app_client.sign_in(account.email)
    assert (await listed(app_client, promoted))["items"]
    await change(app_client, admin, account.id, role="user")
    assert (await app_client.client.get("/api/admin/users", headers=promoted.headers)).status_code == 401
    demoted = await app_client.sign_in(account.email)
    assert (await app_client.client.get("/api/admin/users", headers=demoted.headers)).status_code == 403
    assert [action for action, _ in await actions(app_client, admin, account.id)].count("role_changed") == 2


async def test_what_changes_nothing_ends_nothing(app_client: Served, admin: Account) -> None:
    account = await app_client.new_user()
    for body in ({"role": "user"}, {"disabled": False}, {"role": "user", "disabled": None}):
        assert (await change(app_client, admin, account.id, **body)).status_code == 200
    assert (await app_client.client.get("/api/auth/me", headers=account.headers)).status_code == 200


@pytest.mark.parametrize("body", [{"role": "user"}, {"disabled": True}])
async def test_nobody_changes_his_own_account(app_client: Served, admin: Account, body: Json) -> None:
    answer = await change(app_client, admin, admin.id, **body)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    assert (await change(app_client, admin, "user_none", **body)).status_code == 404


async def test_who_has_left_is_not_in_the_list(app_client: Served, admin: Account) -> None:
    account = await app_client.new_user()
    body = {"password": PASSWORD}
    await app_client.client.post("/api/auth/delete-account", headers=account.headers, json=body)
    assert [item["id"] for item in (await listed(app_client, admin))["items"]] == [admin.id]
    assert (await change(app_client, admin, account.id, disabled=True)).status_code == 404
