"""Who may call what: over every route of the OpenAPI document, and with the ids of another user."""

import json
import re
from itertools import chain
from typing import Any

import httpx
import pytest

from backend.domain.api_keys import SCOPES, Scope
from backend.domain.users import UserRole
from tests.support.access import ACCESS, OBJECTS, callable_by, make_objects
from tests.support.api_keys import make_key
from tests.support.application import Account, Served
from tests.support.openapi import Operation, operations

pytestmark = pytest.mark.shared_database

REFERENCE = re.compile(r"\w+_(id|of)")
"""Names of body fields that name an object."""


async def routes(served: Served) -> list[Operation]:
    """All of them, sign-outs last: after them the caller's token is worth nothing. The one for everybody comes last."""
    found = operations((await served.client.get("/openapi.json")).json())
    last = ("logout_all", "logout")
    return sorted(found, key=lambda operation: last.index(operation.id) if operation.id in last else -1)


async def call(served: Served, operation: Operation, headers: dict[str, str], **parameters: str) -> httpx.Response:
    content = b"{}" if operation.fields is not None else None
    sent = {"Content-Type": "application/json", **headers}
    return await served.client.request(operation.method, operation.url(**parameters), headers=sent, content=content)


async def signed_in_as(served: Served, role: UserRole) -> Account:
    """A user of that role, one of his own for each call."""
    account = await served.new_user()
    assert served.services is not None
    users = served.services.database.collection("users")
    await users.update_one({"_id": account.id}, {"$set": {"role": role}})
    return await served.sign_in(account.email)


async def test_every_route_says_here_who_may_call_it_and_whose_its_objects_are(app_client: Served) -> None:
    found = await routes(app_client)
    assert {operation.id for operation in found} == set(ACCESS)
    for operation in found:
        row = ACCESS[operation.id]
        named = {name for name in operation.fields or () if REFERENCE.fullmatch(name)}
        assert named | operation.parameters == {*row.owned, *row.others}, operation.name
        assert set(row.owned.values()) <= set(chain.from_iterable(OBJECTS))


async def test_every_route_that_is_not_public_needs_a_sign_in(app_client: Served) -> None:
    for operation in await routes(app_client):
        if operation.id in callable_by("anybody"):
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            response = await call(app_client, operation, headers)
            assert response.status_code == 401, operation.name
            assert response.headers["content-type"] == "application/problem+json", operation.name
            assert response.headers["www-authenticate"] == "Bearer"
        assert 401 in operation.statuses, f"{operation.name} does not document its 401"


@pytest.mark.parametrize("role", ["user", "premium", "admin"])
async def test_routes_for_administrators_refuse_others_and_no_other_route_does(
    app_client: Served, role: UserRole
) -> None:
    account = await signed_in_as(app_client, role)
    for operation in await routes(app_client):
        for_admins = operation.id in callable_by("admin")
        refuses = operation.id not in callable_by("anybody") or ACCESS[operation.id].by_cookie
        assert (403 in operation.statuses) == refuses, operation.name
        response = await call(app_client, operation, account.headers)
        assert (response.status_code == 403) == (for_admins and role != "admin"), operation.name
        assert response.status_code != 401 or operation.id in callable_by("anybody"), operation.name
        if for_admins:
            done = ACCESS[operation.id].empty if operation.fields is None else 422
            assert response.status_code == (done if role == "admin" else 403), operation.name
        if response.status_code == 403:
            assert response.json()["code"] == "forbidden"


@pytest.mark.parametrize("scope", SCOPES)
async def test_an_api_key_reaches_what_its_scope_says_and_nothing_else(
    app_client: Served, admin: Account, scope: Scope
) -> None:
    key = (await make_key(app_client, admin, scopes=[scope]))["key"]
    for operation in await routes(app_client):
        row = ACCESS[operation.id]
        if row.caller == "anybody":
            continue
        response = await call(app_client, operation, {"Authorization": f"Bearer {key}"})
        if row.key in (scope, "any"):
            assert response.status_code not in (401, 403), operation.name
        else:
            code = "insufficient_scope" if row.key else "sign_in_required"
            assert (response.status_code, response.json()["code"]) == (403, code), operation.name


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


def told(response: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    """What an answer lets its reader know: all but the name and the time of the request itself."""
    body = {name: value for name, value in response.json().items() if name != "correlation_id"}
    return response.status_code, body, set(response.headers)


async def refer(
    served: Served, operation: Operation, account: Account, own: dict[str, str], name: str, named: str
) -> httpx.Response:
    """Calls an operation with this id as that parameter, and with objects of one's own where it needs others too."""
    row = ACCESS[operation.id]
    ids = {other: own[kind] for other, kind in row.owned.items() if other in operation.parameters}
    within = row.owned[name] == "message" and "conversation_id" in row.owned
    around = {"conversation_id": own["conversation"]} if within else {}
    ids = {**ids, **row.others, **around, name: named}
    body = {**row.body, **{other: value for other, value in ids.items() if other not in operation.parameters}}
    content = None if operation.fields is None else json.dumps(body).encode()
    headers = {**account.headers, "Content-Type": "application/json"}
    return await served.client.request(operation.method, operation.url(**ids), headers=headers, content=content)


@pytest.mark.parametrize("role", ["user", "premium", "admin"])
async def test_what_belongs_to_another_user_is_as_if_it_were_not_there(
    app_client: Served, user: Account, role: UserRole
) -> None:
    """Not for administrators either. An operation that names two objects is tried with one of the caller's own."""
    outsider = await signed_in_as(app_client, role)
    theirs, own = await make_objects(app_client, user), await make_objects(app_client, outsider)
    # Deletion last: the owner's calls show that what the others asked for was there all the time. Parts go before
    # what they are part of.
    found = sorted(
        await routes(app_client), key=lambda operation: (operation.method == "DELETE", -operation.path.count("/"))
    )
    for operation in found:
        for name, kind in ACCESS[operation.id].owned.items():
            refused = await refer(app_client, operation, outsider, own, name, theirs[kind])
            missing = await refer(app_client, operation, outsider, own, name, "nobody")
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), (operation.name, name)
            assert told(refused) == told(missing), (operation.name, name)
    for operation in found:
        for name, kind in ACCESS[operation.id].owned.items():
            answer = await refer(app_client, operation, user, theirs, name, theirs[kind])
            assert answer.is_success, (operation.name, name, answer.text)


async def test_a_team_that_streams_asks_whose_the_conversation_is_too(app_client: Served, user: Account) -> None:
    theirs, outsider = await make_objects(app_client, user), await app_client.new_user()
    for name in ("conversation_id", "parent_id"):
        fields = {"conversation_id": theirs["conversation"], name: theirs["conversation"]}
        response = await ask(app_client, outsider, "stream", mode="multi-agent", **fields)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("role", ["user", "premium"])
async def test_no_list_shows_what_belongs_to_another_user(app_client: Served, user: Account, role: UserRole) -> None:
    theirs, outsider = await make_objects(app_client, user), await signed_in_as(app_client, role)
    found = [operation for operation in await routes(app_client) if operation.method == "GET"]
    for operation in found:
        if not operation.parameters:
            text = (await call(app_client, operation, outsider.headers)).text
            assert not [one for one in (*theirs.values(), user.id, user.email) if one in text], operation.name


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
