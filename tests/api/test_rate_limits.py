"""Limits over HTTP: what callers are told, what is refused, and what a route must do to be limited."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import SecretStr

from backend.config import Settings
from backend.routes.limits import limited
from backend.server import create_app
from backend.wiring.preparation import prepare
from tests.servers import SimulatorHandle
from tests.support.api_keys import KEYS, by_key, make_key
from tests.support.application import PASSWORD, Account, Served, serve, with_state
from tests.support.chat import Chat, close_gate, held, open_gate
from tests.support.proxy import Proxy, proxied
from tests.support.waiting import eventually

NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def rate(response: httpx.Response) -> tuple[int, int]:
    """(limit, remaining), once it is clear that the reset is within the window."""
    limit, remaining, reset = (int(response.headers[name]) for name in NAMES)
    assert 0 < reset <= 60
    return limit, remaining


@pytest.fixture
async def redis_proxy(redis_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(redis_url) as proxy_and_url:
        yield proxy_and_url


@pytest.fixture
async def served(app_settings: Settings, redis_proxy: tuple[Proxy, str]) -> AsyncIterator[Served]:
    changes = {
        "limit_chat": (8, 60),
        "limit_entry": (4, 60),
        "limit_refresh": (3, 60),
        "limit_search": (2, 60),
        "redis_url": SecretStr(redis_proxy[1]),
        "trusted_proxies": ("127.0.0.1/32",),
    }
    async with serve(app_settings.model_copy(update=changes)) as application:
        yield application


@pytest.fixture
async def chat(served: Served) -> Chat:
    return Chat(served, await served.new_user())


async def test_every_kind_of_answer_tells_the_rate_and_a_refusal_when_to_come_back(chat: Chat) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("chat/quick", {"message": "one"}),
        ("chat/optimized", {"message": "two"}),
        ("chat/multi-agent", {"message": "three", "agents": ["dev"]}),
        ("chat/stream", {"message": "four"}),
        ("chat/stream", {"message": "five", "mode": "multi-agent", "agents": ["dev"]}),
        ("chat/optimized", {"message": "two"}),
    ]
    for number, (path, body) in enumerate(asked, 1):
        response = await chat.post(path, **body)
        assert response.status_code == 200, response.text
        assert rate(response) == (8, 8 - number), path
    assert response.json()["cached"], "an answer from this worker's memory counts too"
    unknown = await chat.post("chat/optimized", message="six", model="nobody-has-it")
    assert (unknown.status_code, rate(unknown)) == (422, (8, 2)), "what was never admitted does not count"
    for remaining in (1, 0):
        assert rate(await chat.post("chat/quick", message=f"last {remaining}")) == (8, remaining)
    for path in ("chat/quick", "chat/stream"):
        refused = await chat.post(path, message="too many")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert rate(refused) == (8, 0)
        assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_a_key_with_a_limit_of_its_own_hears_of_the_tighter_one(served: Served, chat: Chat) -> None:
    made = await make_key(served, chat.account, limit="3/minute")
    program = Chat(served, by_key(chat.account, made["key"]))
    assert rate(await program.post("chat/quick", message="one")) == (3, 2)
    assert rate(await program.post("chat/stream", message="two")) == (3, 1)
    for number in range(5):
        assert (await chat.post("chat/quick", message=f"by a person {number}")).status_code == 200
    last = await program.post("chat/quick", message="three")
    assert (last.status_code, int(last.headers["x-ratelimit-remaining"])) == (200, 0), "both are used up"
    assert (await chat.post("chat/quick", message="by a person")).status_code == 429
    wider = {"limit": "1000/hour"}
    changed = await served.client.patch(f"{KEYS}/{made['id']}", headers=chat.account.headers, json=wider)
    assert changed.status_code == 200
    assert rate(await program.post("chat/quick", message="four")) == (8, 0), "the user's is the tighter one now"


async def test_a_replay_tells_the_rate_and_counts_nothing(chat: Chat, app_settings: Settings) -> None:
    first = await chat.post("chat/quick", key="once", message="one")
    again = await chat.post("chat/quick", key="once", message="one")
    assert again.headers["idempotency-replayed"] == "true"
    assert rate(first) == rate(again) == (8, 7)
    async with serve(app_settings.model_copy(update={"limit_chat": (8, 60)})) as another_worker:
        elsewhere = await Chat(another_worker, chat.account).post("chat/quick", key="once", message="one")
    assert elsewhere.headers["idempotency-replayed"] == "true"
    assert rate(elsewhere) == (8, 7), "a worker that has never seen the user asks Redis"


async def test_without_a_limit_there_is_nothing_to_tell(app_client: Served, user: Account) -> None:
    response = await Chat(app_client, user).post("chat/quick", message="one")
    assert not [name for name in NAMES if name in response.headers]


async def test_while_redis_is_away_a_quarter_is_granted_and_told(chat: Chat, redis_proxy: tuple[Proxy, str]) -> None:
    await redis_proxy[0].refuse()
    answers = [await chat.post("chat/quick", message=f"{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [rate(answer) for answer in answers] == [(8, 1), (8, 0), (8, 0)]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def register(served: Served, number: int, address: str) -> httpx.Response:
    return await served.client.post(
        "/api/auth/register",
        json={"email": f"new{number}@example.com", "password": PASSWORD},
        headers={"X-Forwarded-For": address},
    )


async def test_entry_points_are_limited_per_address(served: Served) -> None:
    statuses = [(await register(served, number, "192.0.2.1")).status_code for number in range(5)]
    assert statuses == [201] * 4 + [429]
    refused = await register(served, 6, "192.0.2.1")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert int(refused.headers["retry-after"]) >= 1
    assert (await register(served, 7, "192.0.2.2")).status_code == 201
    forged = await register(served, 8, "203.0.113.9, 192.0.2.1")
    assert forged.status_code == 429, "the client's own words come first in the list, the proxy's last"
    body = {"email": "new0@example.com", "password": PASSWORD}
    login = await served.client.post("/api/auth/login", json=body, headers={"X-Forwarded-For": "192.0.2.1"})
    assert rate(login) == (4, 3), "each entry point has a window of its own"


async def test_a_whole_ipv6_network_is_one_address(served: Served) -> None:
    same = [await register(served, number, f"2001:db8::{number + 1}") for number in range(5)]
    assert [answer.status_code for answer in same] == [201] * 4 + [429]
    assert (await register(served, 9, "2001:db8:0:1::1")).status_code == 201


async def test_refresh_has_a_limit_of_its_own(served: Served) -> None:
    body = {"refresh_token": "never issued"}
    statuses = [(await served.client.post("/api/auth/refresh", json=body)).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


async def test_nobody_is_believed_who_is_not_a_trusted_proxy(app_settings: Settings) -> None:
    async with serve(app_settings.model_copy(update={"limit_entry": (2, 60)})) as served:
        statuses = [(await register(served, number, f"192.0.2.{number}")).status_code for number in range(3)]
    assert statuses == [201, 201, 429]


async def test_a_worker_process_believes_nobody_either(live_server: Served) -> None:
    """uvicorn itself would believe 127.0.0.1: then the cookie of a plain connection would be marked Secure."""
    account = await live_server.new_user()
    body = {"email": account.email, "password": PASSWORD}
    login = await live_server.client.post("/api/auth/login", json=body, headers={"X-Forwarded-Proto": "https"})
    assert "secure" not in login.headers["set-cookie"].lower()


async def test_a_route_is_limited_by_one_dependency(served: Served) -> None:
    app: FastAPI = create_app(served.settings)

    @app.get("/api/find", dependencies=[Depends(limited("search"))])
    async def find(q: Annotated[str, "words"] = "") -> dict[str, str]:
        return {"found": q}

    await prepare(served.settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx.ASGITransport(with_state(app, state))
        async with httpx.AsyncClient(transport=transport, base_url="http://aether.example") as client:
            mine, other = await served.new_user(), await served.new_user()
            answers = [await client.get("/api/find", headers=mine.headers) for _ in range(3)]
            assert [(answer.status_code, rate(answer)) for answer in answers] == [
                (200, (2, 1)),
                (200, (2, 0)),
                (429, (2, 0)),
            ]
            assert (await client.get("/api/find", headers=other.headers)).status_code == 200
            assert (await client.get("/api/find")).status_code == 401


async def test_the_headers_are_described_once_and_referred_to(app_client: Served) -> None:
    document = (await app_client.client.get("/openapi.json")).json()
    headers = document["components"]["headers"]
    assert {name.lower() for name in headers} >= {*NAMES, "retry-after"}
    for path in ("chat/optimized", "chat/quick", "chat/multi-agent", "chat/stream"):
        responses = document["paths"][f"/api/ai/v4/{path}"]["post"]["responses"]
        for status in ("200", "429", "503"):
            told = responses[status]["headers"]
            assert told["X-RateLimit-Remaining"] == {"$ref": "#/components/headers/X-RateLimit-Remaining"}
            assert ("Retry-After" in told) == (status != "200")


async def test_limits_recover_after_redis_comes_back(chat: Chat, redis_proxy: tuple[Proxy, str]) -> None:
    await redis_proxy[0].refuse()
    assert rate(await chat.post("chat/quick", message="away")) == (8, 1)
    await redis_proxy[0].start()
    numbers = iter(range(100))

    async def shared_again() -> bool:
        answer = await chat.post("chat/quick", message=f"back {next(numbers)}")
        return answer.status_code == 200 and rate(answer)[1] > 1

    await eventually(shared_again)


async def test_a_full_server_refuses_before_anything_else_is_done(
    app_settings: Settings, simulator: SimulatorHandle
) -> None:
    async with serve(app_settings.model_copy(update={"max_in_flight": 2})) as served:
        chat = Chat(served, await served.new_user())
        close_gate(simulator)
        under_way = [asyncio.create_task(chat.post("chat/quick", message=f"{number}")) for number in range(2)]
        await eventually(lambda: held(simulator) == 2)
        refused = await chat.post("chat/quick", message="one too many")
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["x-correlation-id"] == refused.json()["correlation_id"]
        assert (await served.client.get("/api/health/live")).status_code == 200
        open_gate(simulator)
        assert [answer.status_code for answer in await asyncio.gather(*under_way)] == [200, 200]
        assert (await chat.post("chat/quick", message="room again")).status_code == 200
