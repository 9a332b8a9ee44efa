"""Bad input to every route that takes any: a 4xx problem with a code; nothing stored, nothing billed, nothing logged.

Against a worker process, so that the log is what it really writes. Every value that is sent contains the marker.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pymongo
import pytest

from tests.servers import SimulatorHandle
from tests.support.application import PASSWORD, Account, Served, log_lines
from tests.support.openapi import Operation, operations
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

MARKER = "zebracrossing"
JSON = {"Content-Type": "application/json"}
TAKES_MEGABYTES = {"POST /api/conversations/import"}
"""Its own limit is tested in test_import.py."""
TAKES_NO_BODY_TOO = {"POST /api/auth/refresh", "POST /api/auth/logout"}
STORED = (
    *("users", "auth_sessions", "one_time_tokens", "mail_requests", "idempotency_keys", "external_identities"),
    *("second_factors", "api_keys"),
    *("conversations", "feedback", "preferences", "prompts", "messages", "ai_usage", "usage_daily"),
)
BAD_VALUES: dict[str, Any] = {
    "an operator object": {"$gt": MARKER},
    "a list of operator objects": [{"$ne": MARKER}],
    "NUL": f"{MARKER}\0",
    "a lone surrogate": f"{MARKER}\ud800",
    "deep": json.loads("[" * 200 + f'"{MARKER}"' + "]" * 200),
}
BAD_BODIES = {
    "cut off": f'{{"message": "{MARKER}'.encode(),
    "not UTF-8": b'{"message": "' + MARKER.encode() + b'\xff"}',
    "an array": f'["{MARKER}"]'.encode(),
    "a string": f'"{MARKER}"'.encode(),
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"message":' * 50_000,
    "a number too long to parse": b'{"message": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"message": NaN}',
    "an unknown field": f'{{"message": "x", "{MARKER}": 1}}'.encode(),
    "a megabyte": json.dumps({"message": MARKER * 76_000}).encode(),
    "over a megabyte": json.dumps({"message": MARKER * 80_000}).encode(),
}
NO_BODIES = {"nothing": b"", "null": b"null"}


def valid(operation: Operation) -> dict[str, Any]:
    """A body that the route would accept."""
    bodies: dict[str, dict[str, Any]] = {
        "PATCH /api/admin/users/{user_id}/budget": {"tokens": 1, "cost_usd": "1"},
        "PUT /api/admin/spending": {"enabled": True},
        "PUT /api/admin/calibration": {"daily_budget_usd": "1", "sample_share": 0.02, "pinned": False},
        "POST /api/admin/calibration/rollback": {"version": 0},
        "PUT /api/admin/similar-answers": {"enabled": True},
        "POST /api/auth/register": {"email": f"{MARKER}@example.com", "password": PASSWORD},
        "POST /api/auth/login": {"email": f"{MARKER}@example.com", "password": PASSWORD},
        "POST /api/auth/login/mfa": {"mfa_token": MARKER, "code": MARKER},
        "POST /api/auth/mfa/enroll": {"password": PASSWORD},
        "POST /api/auth/mfa/confirm": {"code": MARKER},
        "POST /api/auth/mfa/disable": {"password": PASSWORD, "code": MARKER},
        "POST /api/auth/mfa/recovery-codes": {"password": PASSWORD, "code": MARKER},
        "POST /api/auth/refresh": {"refresh_token": MARKER},
        "POST /api/auth/logout": {"refresh_token": MARKER},
        "PATCH /api/auth/me": {"name": MARKER},
        "PATCH /api/conversations/{conversation_id}": {"title": MARKER},
        "POST /api/conversations/import": {"format": "aether", "conversations": []},
        "POST /api/conversations/{conversation_id}/share": {"message_id": MARKER},
        "POST /api/folders": {"name": MARKER},
        "PATCH /api/folders/{folder_id}": {"name": MARKER},
        "POST /api/auth/api-keys": {"name": MARKER, "scopes": ["chat"]},
        "PATCH /api/auth/api-keys/{key_id}": {"name": MARKER},
        "PATCH /api/admin/users/{user_id}": {"role": "premium", "disabled": False},
        "PUT /api/preferences": {"instructions": {"about": MARKER, "style": MARKER, "enabled": True}},
        "POST /api/prompts": {"title": MARKER, "text": MARKER},
        "PUT /api/prompts/{prompt_id}": {"title": MARKER, "text": MARKER},
        "PUT /api/messages/{message_id}/feedback": {"rating": "up", "comment": MARKER},
        "POST /api/auth/delete-account": {"password": PASSWORD},
        "POST /api/auth/change-password": {"current_password": PASSWORD, "new_password": f"{MARKER} {MARKER}"},
        "POST /api/auth/oidc/link": {"password": PASSWORD, "return_to": f"/{MARKER}"},
        "POST /api/auth/oidc/unlink": {"password": PASSWORD},
        "POST /api/auth/oidc/confirm": {"return_to": f"/{MARKER}"},
        "POST /api/auth/resend-verification": {"email": f"{MARKER}@example.com"},
        "POST /api/auth/forgot-password": {"email": f"{MARKER}@example.com"},
        "POST /api/auth/verify-email": {"token": MARKER},
        "POST /api/auth/reset-password": {"token": MARKER, "new_password": PASSWORD},
    }
    return bodies.get(operation.name) or {"message": MARKER}


def chat_bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """What only bodies of chat routes can get wrong."""
    item = {"role": "user", "content": MARKER}
    yield "empty", {"message": ""}
    yield "blank", {"message": " \n\t "}
    yield "too long", {"message": "x" * 32_001}
    yield "unknown agent", {"message": MARKER, "agent_type": MARKER}
    yield "unknown agents", {"message": MARKER, "agents": ["dev", MARKER]}
    yield "200 context items", {"message": MARKER, "context": [item] * 200}
    yield "a system message as context", {"message": MARKER, "context": [{**item, "role": "system"}]}
    yield "unknown model", {"message": MARKER, "model": MARKER}
    yield "retired model", {"message": MARKER, "model": "mixtral-8x7b-32768"}
    yield "an id that is no id", {"message": MARKER, "conversation_id": f"{MARKER}/../$ne"}
    yield "an id that nobody has", {"message": MARKER, "conversation_id": MARKER}
    yield "a negative number", {"message": MARKER, "max_tokens": -1}
    yield "a number out of range", {"message": MARKER, "deadline_s": 1e308}
    yield "a huge integer", {"message": MARKER, "max_tokens": 10**30}
    yield "no money", {"message": MARKER, "max_cost_usd": MARKER}
    yield "negative money", {"message": MARKER, "max_cost_usd": "-1"}


def assert_problem(response: httpx.Response, case: object) -> None:
    assert 400 <= response.status_code < 500, (case, response.status_code, response.text[:300])
    assert response.headers["content-type"] == "application/problem+json", case
    document = response.json()
    assert document["code"], case
    assert document["status"] == response.status_code, case
    assert document["correlation_id"] == response.headers["x-correlation-id"], case


@pytest.fixture
async def account(live_server: Served) -> Account:
    """An administrator, who may call every route."""
    return await live_server.admin()


@pytest.fixture
async def with_bodies(live_server: Served) -> list[Operation]:
    document = (await live_server.client.get("/openapi.json")).json()
    found = [operation for operation in operations(document) if operation.fields is not None]
    assert len(found) >= 9
    return found


@pytest.fixture
async def untouched(
    live_server: Served, account: Account, mongo_url: str, database_name: str, simulator: SimulatorHandle
) -> AsyncIterator[None]:
    """After the test: the database is as it was, the simulator was not called, the log is silent about the input."""
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        database = client[database_name]
        before = {name: list(database[name].find()) for name in STORED}
        yield
        assert {name: list(database[name].find()) for name in STORED} == before
    assert simulator.calls()["started"] == 0
    assert live_server.log is not None
    log = live_server.log.read_text()
    assert MARKER not in log
    assert account.email not in log
    assert [line for line in log_lines(live_server.log) if line["level"] == "error"] == []


@pytest.mark.usefixtures("untouched")
async def test_no_field_of_any_body_takes_what_it_should_not(
    live_server: Served, account: Account, with_bodies: list[Operation]
) -> None:
    for operation in with_bodies:
        for field in operation.fields or ():
            for name, value in BAD_VALUES.items():
                content = json.dumps({**valid(operation), field: value}).encode()
                response = await send(live_server, account, operation, content)
                assert_problem(response, (operation.name, field, name))
                assert response.status_code == 422
                assert MARKER not in response.text


@pytest.mark.usefixtures("untouched")
async def test_no_route_takes_a_body_that_is_none(
    live_server: Served, account: Account, with_bodies: list[Operation]
) -> None:
    for operation in with_bodies:
        bodies = BAD_BODIES if operation.name in TAKES_NO_BODY_TOO else BAD_BODIES | NO_BODIES
        for name, content in bodies.items():
            response = await send(live_server, account, operation, content)
            assert_problem(response, (operation.name, name))
            if name == "over a megabyte" and operation.name not in TAKES_MEGABYTES:
                assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.usefixtures("untouched")
async def test_no_chat_route_takes_a_question_that_breaks_the_contract(
    live_server: Served, account: Account, with_bodies: list[Operation]
) -> None:
    for operation in with_bodies:
        if "/chat/" not in operation.path:
            continue
        for name, body in chat_bodies():
            response = await send(live_server, account, operation, json.dumps(body).encode())
            assert_problem(response, (operation.name, name))


@pytest.mark.usefixtures("untouched")
async def test_paths_queries_and_headers_are_checked_too(live_server: Served, account: Account) -> None:
    requests: list[tuple[str, str, dict[str, str]]] = [
        ("GET", f"/api/conversations/{MARKER}/messages", {}),
        ("GET", f"/api/conversations/{MARKER}%00%ff/messages?cursor={MARKER}", {}),
        ("DELETE", f"/api/conversations/{MARKER}", {}),
        ("GET", f"/api/conversations/{MARKER}", {}),
        ("GET", f"/api/conversations?pinned={MARKER}", {}),
        ("GET", f"/api/conversations/search?q={MARKER}&cursor={MARKER}", {}),
        ("GET", f"/api/conversations/search?q={MARKER}&cursor=m.{MARKER}", {}),
        ("GET", f"/api/conversations/search?q={MARKER * 20}", {}),
        ("GET", "/api/conversations/search?q=%22%5C%22", {}),
        ("DELETE", f"/api/messages/{MARKER}/feedback", {}),
        ("GET", f"/api/admin/users?role={MARKER}", {}),
        ("GET", f"/api/admin/users?cursor={MARKER}", {}),
        ("GET", f"/api/admin/users?query={MARKER * 30}", {}),
        ("GET", f"/api/admin/costs?by={MARKER}", {}),
        ("GET", "/api/admin/business?days=32", {}),
        ("GET", f"/api/leaderboard?days={MARKER}", {}),
        ("GET", f"/api/prompts/{MARKER}", {}),
        ("GET", f"/api/prompts?cursor={MARKER}", {}),
        ("DELETE", f"/api/prompts/{MARKER}", {}),
        ("GET", f"/api/conversations/{MARKER}/messages?order={MARKER}", {}),
        ("GET", f"/api/conversations/{MARKER}/export?format={MARKER}", {}),
        ("GET", f"/api/conversations?limit={MARKER}", {}),
        ("GET", f"/api/conversations?cursor={MARKER}", {}),
        ("GET", f"/api/ai/v4/analytics/user?days={MARKER}", {}),
        ("GET", "/api/ai/v4/analytics/user?days=0", {}),
        ("GET", "/api/admin/audit?from=0.5", {}),
        ("GET", "/api/admin/audit?to=1764000000", {}),
        ("GET", "/api/ai/v4/analytics/user?days=366", {}),
        ("GET", f"/api/ai/v4/chat/stream/{MARKER}", {"Last-Event-ID": "1"}),
        ("GET", f"/api/ai/v4/chat/stream/{MARKER}", {"Last-Event-ID": MARKER}),
        ("GET", f"/api/ai/v4/chat/stream/{MARKER}", {"Last-Event-ID": "-1"}),
        ("DELETE", f"/api/ai/v4/chat/stream/{MARKER}", {}),
        ("POST", f"/api/ai/v4/chat/multi-agent/{MARKER}/agents/dev/rerun", {}),
        ("POST", f"/api/ai/v4/chat/multi-agent/{MARKER}/agents/{MARKER}/rerun", {}),
        ("GET", f"/api/auth/oidc/start?return_to=//{MARKER}", {}),
        ("GET", f"/api/auth/oidc/callback?state={MARKER * 20}", {}),
        ("GET", f"/api/shared/{MARKER}", {}),
        ("GET", f"/api/shared/{MARKER}%00%ff", {}),
        ("GET", f"/{MARKER}?q={MARKER}", {}),
        ("PUT", f"/api/conversations/{MARKER}?q={MARKER}", {}),
        ("GET", "/api/auth/me", {"Authorization": f"Bearer {MARKER}"}),
        ("GET", "/api/auth/me", {"Authorization": MARKER}),
    ]
    for method, path, headers in requests:
        response = await live_server.client.request(method, path, headers={**account.headers, **headers})
        assert_problem(response, (method, path, headers))


async def test_what_users_say_in_good_requests_is_not_in_the_log_either(
    live_server: Served, account: Account, simulator: SimulatorHandle
) -> None:
    conversation = None
    for path in ("quick", "optimized", "multi-agent", "stream"):
        body: dict[str, Any] = {"message": f"{MARKER}: what is a monad?"}
        if conversation:
            body["conversation_id"] = conversation
        headers = {**account.headers, "Idempotency-Key": f"{MARKER}-{path}"}
        response = await live_server.client.post(f"/api/ai/v4/chat/{path}", headers=headers, json=body)
        assert response.status_code == 200, response.text
        if path == "quick":
            conversation = response.json()["conversation_id"]
    failing = {**account.headers, "X-Correlation-ID": "failing"}
    simulator.control.post("/faults", json={"fault": "500"}).raise_for_status()
    response = await live_server.client.post(
        "/api/ai/v4/chat/quick", headers=failing, json={"message": f"{MARKER} and an upstream that fails"}
    )
    assert response.status_code >= 500
    log = live_server.log
    assert log is not None
    # A summary is written after its answer has gone.
    await eventually(lambda: f'"status":{response.status_code},"ms"' in log.read_text())
    assert MARKER not in log.read_text()
    lines = log_lines(log)
    assert all({"timestamp", "level", "event"} <= set(line) for line in lines)
    summaries = [line for line in lines if line["event"] == "request"]
    assert {line["route"] for line in summaries} >= {"/api/ai/v4/chat/stream", "/api/auth/login"}
    assert all("correlation_id" in line for line in summaries)
    assert [line["status"] for line in summaries if line["correlation_id"] == "failing"] == [response.status_code]


async def send(served: Served, account: Account, operation: Operation, content: bytes) -> httpx.Response:
    headers = {**account.headers, **JSON}
    response = await served.client.request(operation.method, operation.url(), headers=headers, content=content)
    assert response.status_code in operation.statuses, f"{operation.name} does not document {response.status_code}"
    return response
