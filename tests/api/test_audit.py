"""What the audit log records, and who may read it."""

from collections.abc import AsyncIterator

import pytest

from backend.config import Settings
from backend.domain.audit import AuditEntry, AuditFilter
from tests.support.application import PASSWORD, Account, Served, serve
from tests.support.mail import Mailbox, mail_server, token_in

NEW_PASSWORD = "another correct horse"


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
