"""Who may call what: over every route of the OpenAPI document, and with the ids of another user."""

from typing import Any

import httpx
import pytest

from tests.support.application import Account, Served
from tests.support.openapi import Operation, operations

PUBLIC = {
    "GET /api/health/live",
    "GET /api/health/ready",
    "POST /api/auth/register",
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/logout",
    "POST /api/auth/resend-verification",
    "POST /api/auth/forgot-password",
    "POST /api/auth/verify-email",
    "POST /api/auth/reset-password",
}
ADMIN = {
    "GET /api/ai/v4/performance/dashboard",
    "GET /api/ai/v4/performance/alerts",
    "GET /api/ai/v4/health/detailed",
    "GET /performance",
    "GET /metrics",
    "PATCH /api/admin/users/{user_id}/budget",
    "GET /api/admin/spending",
    "PUT /api/admin/spending",
}


async def routes(served: Served) -> list[Operation]:
    """All of them, sign-out last: after it the caller's token is worth nothing."""
    found = operations((await served.client.get("/openapi.json")).json())
    return sorted(found, key=lambda operation: operation.path == "/api/auth/logout")


async def call(served: Served, operation: Operation, headers: dict[str, str], **parameters: str) -> httpx.Response:
    content = b"{}" if operation.fields is not None else None
    sent = {"Content-Type": "application/json", **headers}
    return await served.client.request(operation.method, operation.url(**parameters), headers=sent, content=content)


async def test_every_route_that_is_not_public_needs_a_sign_in(app_client: Served) -> None:
    found = await routes(app_client)
    assert {operation.name for operation in found} >= PUBLIC | ADMIN
    for operation in found:
        if operation.name in PUBLIC:
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            response = await call(app_client, operation, headers)
            assert response.status_code == 401, operation.name
            assert response.headers["content-type"] == "application/problem+json", operation.name
            assert response.headers["www-authenticate"] == "Bearer"
        assert 401 in operation.statuses, f"{operation.name} does not document its 401"


async def test_routes_for_administrators_refuse_users_and_no_others_do(
    app_client: Served, user: Account, admin: Account
) -> None:
    for operation in await routes(app_client):
        response = await call(app_client, operation, user.headers)
        assert (response.status_code == 403) == (operation.name in ADMIN), operation.name
        assert (403 in operation.statuses) == (operation.name in ADMIN), operation.name
        if operation.name in ADMIN:
            assert response.json()["code"] == "forbidden"
            status = (await call(app_client, operation, admin.headers)).status_code
            assert status == (200 if operation.fields is None else 422), operation.name


async def test_what_a_route_answers_is_documented(app_client: Served, user: Account) -> None:
    for operation in await routes(app_client):
        response = await call(app_client, operation, user.headers)
        assert response.status_code in operation.statuses, f"{operation.name}: {response.status_code}"


async def test_every_answer_carries_its_id_its_time_and_the_security_headers(app_client: Served) -> None:
    for path, status in (("/api/health/live", 200), ("/nowhere", 404), ("/api/auth/me", 401), ("/", 200)):
        response = await app_client.client.get(path, headers={"X-Correlation-ID": "mine"})
        assert response.status_code == status
        assert response.headers["x-correlation-id"] == "mine"
        assert float(response.headers["x-response-time"]) >= 0
        assert response.headers["x-performance-category"] in {"excellent", "good", "acceptable", "slow", "very-slow"}
        assert response.headers["x-content-type-options"] == "nosniff"
        if status >= 400:
            assert response.json()["correlation_id"] == "mine"


async def ask(served: Served, account: Account, path: str, **fields: object) -> httpx.Response:
    body = {"message": "How do I reverse a list in Python?", **fields}
    return await served.client.post(f"/api/ai/v4/chat/{path}", headers=account.headers, json=body)


@pytest.fixture
async def other(app_client: Served) -> Account:
    return await app_client.new_user()


def events(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


async def test_what_belongs_to_another_user_is_not_found(app_client: Served, user: Account, other: Account) -> None:
    client = app_client.client
    own = (await ask(app_client, user, "optimized")).json()
    team = (await ask(app_client, user, "multi-agent", agents=["dev", "luna"])).json()
    stream = await ask(app_client, user, "stream")
    assert events(stream.text)[-1] == "done"
    stream_id = stream.text.split('"stream_id":"', 1)[1].split('"', 1)[0]
    conversation, message = own["conversation_id"], own["message_id"]
    paths = [
        ("GET", f"/api/conversations/{conversation}/messages"),
        ("DELETE", f"/api/conversations/{conversation}"),
        ("GET", f"/api/ai/v4/chat/stream/{stream_id}"),
        ("DELETE", f"/api/ai/v4/chat/stream/{stream_id}"),
        ("POST", f"/api/ai/v4/chat/multi-agent/{team['message_id']}/agents/dev/rerun"),
    ]
    for method, path in paths:
        response = await client.request(method, path, headers=other.headers)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
    for path, fields in [
        ("quick", {"conversation_id": conversation}),
        ("optimized", {"conversation_id": conversation}),
        ("optimized", {"conversation_id": conversation, "parent_id": message}),
        ("optimized", {"conversation_id": conversation, "regenerate_of": message}),
        ("multi-agent", {"conversation_id": conversation}),
        ("stream", {"conversation_id": conversation}),
        ("stream", {"conversation_id": conversation, "mode": "multi-agent"}),
    ]:
        response = await ask(app_client, other, path, **fields)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (path, fields)
    assert (await client.get("/api/conversations", headers=other.headers)).json()["items"] == []
    kept = await client.get(f"/api/conversations/{conversation}/messages", headers=user.headers)
    assert [item["role"] for item in kept.json()["items"]] == ["user", "assistant"]


async def test_a_conversation_is_listed_read_page_by_page_and_deleted(app_client: Served, user: Account) -> None:
    client = app_client.client
    first = (await ask(app_client, user, "quick")).json()
    conversation = first["conversation_id"]
    await ask(app_client, user, "quick", conversation_id=conversation, message="And a tuple?")
    await ask(app_client, user, "quick", message="Another conversation")
    listed = (await client.get("/api/conversations", headers=user.headers, params={"limit": 1})).json()
    assert [item["title"] for item in listed["items"]] == ["Another conversation"]
    rest = (
        await client.get("/api/conversations", headers=user.headers, params={"cursor": listed["next_cursor"]})
    ).json()
    assert [(item["id"], item["message_count"]) for item in rest["items"]] == [(conversation, 4)]
    assert rest["next_cursor"] is None

    path, roles, cursor = f"/api/conversations/{conversation}/messages", [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(path, headers=user.headers, params=params)).json()
        roles += [item["role"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert roles == ["user", "assistant"] * 2
    answer = page["items"][-1]
    assert answer["status"] == "complete"
    assert answer["receipt"]["cost"]

    assert (await client.delete(f"/api/conversations/{conversation}", headers=user.headers)).status_code == 204
    assert (await client.delete(f"/api/conversations/{conversation}", headers=user.headers)).status_code == 404
    assert (await client.get(path, headers=user.headers)).status_code == 404


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "é" * 9}])
async def test_a_page_that_cannot_be_is_refused(app_client: Served, user: Account, params: dict[str, Any]) -> None:
    response = await app_client.client.get("/api/conversations", headers=user.headers, params=params)
    assert response.status_code == 422
    assert response.json()["code"] == ("invalid_cursor" if "cursor" in params else "invalid_input")


async def test_health_is_public_in_short_and_detailed_for_administrators(
    app_client: Served, user: Account, admin: Account
) -> None:
    client = app_client.client
    assert (await client.get("/api/health/live")).json() == {"status": "ok"}
    assert (await client.get("/api/health/ready")).json() == {"status": "ok"}
    assert (await client.get("/api/health", headers=user.headers)).json() == {"status": "ok"}
    report = (await client.get("/api/ai/v4/health/detailed", headers=admin.headers)).json()
    assert {name: check["status"] for name, check in report["checks"].items()} == dict.fromkeys(
        ("mongo", "redis", "provider"), "ok"
    )
    assert app_client.services is not None
    app_client.services.health.drain()
    draining = await client.get("/api/health/ready")
    assert (draining.status_code, draining.json()["code"]) == (503, "draining")
    assert draining.headers["connection"] == "close"
    assert (await client.get("/api/health/live")).status_code == 200
