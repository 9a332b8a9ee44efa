"""What the audit log records, and who may read it."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.config import Settings
from backend.domain.audit import AuditEntry, AuditFilter
from tests.support.application import ADMIN_EMAIL, PASSWORD, Account, Served, serve
from tests.support.mail import Mailbox, mail_server, token_in

NEW_PASSWORD = "another correct horse"


@pytest.fixture
async def user(app_client: Served) -> Account:
    """Whose beginning is recorded too."""
    return await app_client.registered()


@pytest.fixture
async def admin(app_client: Served) -> Account:
    return await app_client.sign_in(ADMIN_EMAIL)


async def entries(served: Served, **where: str) -> list[AuditEntry]:
    """Oldest first."""
    assert served.services is not None
    found, _ = await served.services.audit.page(AuditFilter(**where), 100, None)  # type: ignore[arg-type]
    return found[::-1]


async def actions(served: Served, user_id: str) -> list[tuple[str, str]]:
    """(what, who) of one account, oldest first, without its beginning."""
    found = [(entry.action, entry.actor_id) for entry in await entries(served, user_id=user_id)]
    assert found[:2] == [("registered", user_id), ("signed_in", user_id)]
    return found[2:]


async def post(served: Served, account: Account | None, path: str, **body: object) -> int:
    headers = account.headers if account else {}
    return (await served.client.post(f"/api/auth/{path}", json=body, headers=headers)).status_code


async def test_a_sign_in_is_recorded_with_where_it_came_from(app_client: Served, user: Account) -> None:
    answer = await app_client.client.post(
        "/api/auth/login", json={"email": user.email, "password": PASSWORD}, headers={"X-Correlation-ID": "mine"}
    )
    assert answer.status_code == 200
    entry = (await entries(app_client, user_id=user.id))[-1]
    assert (entry.action, entry.actor_id) == ("signed_in", user.id)
    assert (entry.address, entry.correlation_id) == ("127.0.0.1", "mine")
    assert entry.detail["session"].startswith("sess_")


async def test_a_failed_sign_in_names_the_account_and_never_what_was_typed(app_client: Served, user: Account) -> None:
    typed = "my password, in the wrong field"
    for email in (user.email, f"{typed}@example.com"):
        assert await post(app_client, None, "login", email=email, password=typed) == 401
    known, unknown = [entry for entry in await entries(app_client) if entry.action == "sign_in_failed"]
    assert (known.user_id, known.actor_id) == (user.id, "unknown")
    assert (unknown.user_id, unknown.actor_id) == (None, "unknown")
    assert unknown.address == "127.0.0.1"
    assert typed not in str([known, unknown])


async def test_changes_of_credentials_are_recorded(app_client: Served, user: Account) -> None:
    other = await app_client.sign_in(user.email)
    wrong = {"current_password": "a wrong password", "new_password": NEW_PASSWORD}
    assert await post(app_client, other, "change-password", **wrong) == 422
    assert await post(app_client, other, "change-password", **(wrong | {"current_password": PASSWORD})) == 204
    assert await post(app_client, other, "logout") == 204
    assert await actions(app_client, user.id) == [
        ("signed_in", user.id),
        ("password_check_failed", "unknown"),
        ("password_changed", user.id),
        ("signed_out", user.id),
    ]


async def test_a_refresh_token_that_is_used_again_is_recorded(app_client: Served, user: Account) -> None:
    body = {"email": user.email, "password": PASSWORD, "transport": "body"}
    first = (await app_client.client.post("/api/auth/login", json=body)).json()["refresh_token"]
    tokens = [first]
    for _ in range(2):
        answer = await app_client.client.post("/api/auth/refresh", json={"refresh_token": tokens[-1]})
        tokens.append(answer.json()["refresh_token"])
    assert await post(app_client, None, "refresh", refresh_token=first) == 401
    assert await actions(app_client, user.id) == [("signed_in", user.id), ("refresh_token_reused", "unknown")]


async def test_an_export_and_a_farewell_are_recorded_and_the_farewell_names_nobody(
    app_client: Served, user: Account
) -> None:
    export = await app_client.client.get("/api/auth/me/export", headers=user.headers)
    assert [row["action"] for row in export.json()["audit_log"]] == ["account_exported", "signed_in", "registered"]
    assert await actions(app_client, user.id) == [("account_exported", user.id)]
    assert await post(app_client, user, "delete-account", password=PASSWORD) == 204
    assert await entries(app_client, user_id=user.id) == []
    last = (await entries(app_client, action="account_deleted"))[-1]
    assert last.user_id is not None
    assert last.user_id.startswith("deleted_")
    assert (last.address, last.correlation_id) == (None, None)


async def test_what_administrators_do_names_them_and_whom_it_concerns(
    app_client: Served, user: Account, admin: Account
) -> None:
    budget = f"/api/admin/users/{user.id}/budget"
    for body in ({"tokens": 1000, "cost_usd": "0.50"}, {"tokens": None, "cost_usd": None}):
        await app_client.client.patch(budget, json=body, headers=admin.headers)
    await app_client.client.put("/api/admin/spending", json={"enabled": False}, headers=admin.headers)
    done = [(entry.user_id, dict(entry.detail)) for entry in await entries(app_client, actor_id=admin.id)]
    assert done[1:] == [
        (user.id, {"tokens": "1000", "cost_usd": "0.5"}),
        (user.id, {"budget": "the usual one"}),
        (None, {"spending": "off"}),
    ]


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server() as box:
        yield box


@pytest.fixture
async def strict(app_settings: Settings, box: Mailbox) -> AsyncIterator[Served]:
    """Addresses have to be verified."""
    mailing = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_tls": "off", "smtp_from": "aether@example.com"}
    async with serve(app_settings.model_copy(update={**mailing, "require_verified_email": True})) as served:
        yield served


async def test_what_links_in_mails_do_is_recorded(strict: Served, box: Mailbox) -> None:
    """Also who asked for a reset: from the background, with the address of the request."""
    email = "ada@example.com"
    assert await post(strict, None, "register", email=email, password=PASSWORD) == 202
    assert await post(strict, None, "verify-email", token=token_in(await box.arrived())) == 204
    asked = {"json": {"email": email}, "headers": {"X-Correlation-ID": "asked"}}
    await strict.client.post("/api/auth/forgot-password", **asked)  # type: ignore[arg-type]
    token = token_in(await box.arrived(2))
    assert await post(strict, None, "reset-password", token=token, new_password=NEW_PASSWORD) == 204
    recorded = await entries(strict)
    [user_id] = {entry.user_id for entry in recorded}
    assert [(entry.action, entry.actor_id) for entry in recorded] == [
        ("registered", user_id),
        ("password_reset_asked", "unknown"),
        ("password_reset", user_id),
    ]
    assert (recorded[1].address, recorded[1].correlation_id) == ("127.0.0.1", "asked")


async def read(served: Served, admin: Account, **params: str | int) -> dict[str, Any]:
    answer = await served.client.get("/api/admin/audit", params=params, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_administrators_read_it_in_pages_and_by_filters(
    app_client: Served, user: Account, admin: Account
) -> None:
    for _ in range(4):
        await app_client.sign_in(user.email)
    first = await read(app_client, admin, user=user.id, action="signed_in", limit=3)
    rest = await read(app_client, admin, user=user.id, action="signed_in", limit=3, cursor=first["next_cursor"])
    items = first["items"] + rest["items"]
    assert (len(items), rest["next_cursor"]) == (5, None)
    assert items == sorted(items, key=lambda item: (item["at"], item["id"]), reverse=True)
    assert {(item["action"], item["actor_id"], item["count"]) for item in items} == {("signed_in", user.id, 1)}
    middle = items[2]["at"]
    since = await read(app_client, admin, user=user.id, actor=user.id, **{"from": middle})
    until = await read(app_client, admin, user=user.id, actor=user.id, to=middle)
    assert {item["id"] for item in since["items"]}.isdisjoint(item["id"] for item in until["items"])
    assert len(since["items"]) + len(until["items"]) == 6
    assert (await read(app_client, admin, actor="nobody"))["items"] == []


@pytest.mark.parametrize(
    "params",
    [
        *({"limit": "101"}, {"limit": "0"}, {"action": "none"}, {"cursor": "x"}, {"actor": "x" * 101}),
        *({"from": "yesterday"}, {"from": "2026-01-01T00:00:00"}, {"to": "0001-01-01T00:00:00+14:00"}),
    ],
)
async def test_what_is_no_filter_is_refused(app_client: Served, admin: Account, params: dict[str, str]) -> None:
    answer = await app_client.client.get("/api/admin/audit", params=params, headers=admin.headers)
    assert answer.status_code == 422


async def test_reading_it_is_recorded_once_a_minute(app_client: Served, user: Account, admin: Account) -> None:
    for _ in range(3):
        await read(app_client, admin, user=user.id)
    assert app_client.services is not None
    await app_client.services.audit.flush()
    found = await entries(app_client, user_id=user.id, action="audit_log_read")
    assert {entry.actor_id for entry in found} == {admin.id}
    assert sum(entry.count for entry in found) == 3


@pytest.fixture
async def limited(app_settings: Settings) -> AsyncIterator[Served]:
    limits = {"limit_chat": (1, 60), "limit_auth": (1, 900)}
    async with serve(app_settings.model_copy(update=limits)) as served:
        yield served


async def test_limit_hits_are_counted_for_users_and_addresses(limited: Served) -> None:
    user = await limited.new_user()
    body = {"message": "What is a monad?"}
    asked = [
        (await limited.client.post("/api/ai/v4/chat/quick", json=body, headers=user.headers)).status_code
        for _ in range(4)
    ]
    assert asked == [200, 429, 429, 429]
    tried = [await post(limited, None, "login", email="nobody@example.com", password=PASSWORD) for _ in range(3)]
    assert tried == [401, 429, 429]
    assert limited.services is not None
    await limited.services.audit.flush()
    hits: Counter[tuple[str, str | None]] = Counter()
    for entry in await entries(limited, action="limit_hit"):
        assert entry.address == "127.0.0.1"
        hits[entry.detail["limit"], entry.user_id] += entry.count
    assert hits == {("chat", user.id): 3, ("auth", None): 2}
