"""The whole of Aether as ./scripts/start runs it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest

from tests.support.launching import REAL, Launches, processes_of
from tests.support.waiting import eventually

ADMIN = "admin@aether.local"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def test_the_administrator_signs_in_at_this_start_and_the_next(
    launch: Launches, client: httpx.AsyncClient
) -> None:
    first = launch(REAL)
    url = await first.ready()
    password = _password(first.output)
    assert password is not None
    health = await client.get(f"{url}/api/ai/v4/health/detailed", headers=await _sign_in(client, url, password))
    assert {name: check["status"] for name, check in health.json()["checks"].items()} == dict.fromkeys(
        ("mongo", "redis", "provider"), "ok"
    )
    assert await first.stop() == 0

    second = launch(REAL)
    url = await second.ready()
    assert ADMIN in second.output
    assert password not in second.output
    await _sign_in(client, url, password)
    assert await second.stop() == 0
    assert processes_of(second.data) == []


async def test_an_acknowledged_answer_survives_kill_9_of_every_process(
    launch: Launches, client: httpx.AsyncClient
) -> None:
    settings = {"AETHER_ADMIN_EMAIL": ADMIN, "AETHER_ADMIN_PASSWORD": "a password of some length"}
    first = launch(REAL, **settings)
    url = await first.ready()
    assert settings["AETHER_ADMIN_PASSWORD"] not in first.output
    caller = await _sign_in(client, url, settings["AETHER_ADMIN_PASSWORD"])
    answer = await client.post(f"{url}/api/ai/v4/chat/quick", json={"message": "Will this be kept?"}, headers=caller)
    assert answer.status_code == 200, answer.text
    for process in processes_of(first.data):
        process.kill()
    await first.ended()

    second = launch(REAL, **settings)
    url = await second.ready()
    conversation = answer.json()["conversation_id"]
    messages = await client.get(f"{url}/api/conversations/{conversation}/messages", headers=caller)
    assert [message["role"] for message in messages.json()["items"]] == ["user", "assistant"]
    assert messages.json()["items"][1]["content"] == answer.json()["content"]
    assert await second.stop() == 0


async def test_a_database_in_memory_has_the_administrator_that_was_shown(
    launch: Launches, client: httpx.AsyncClient
) -> None:
    aether = launch(REAL, MONGO_URL="memory://")
    url = await aether.ready()
    password = _password(aether.output)
    assert password is not None
    await _sign_in(client, url, password)
    assert await aether.stop() == 0


async def test_several_workers_serve_and_a_killed_one_comes_back(launch: Launches, client: httpx.AsyncClient) -> None:
    aether = launch(REAL, AETHER_WORKERS="2")
    url = await aether.ready()
    victim = psutil.Process(aether.children()["worker-1"])
    victim.kill()
    await eventually(lambda: aether.children().get("worker-1", victim.pid) != victim.pid, 30)
    assert (await client.get(f"{url}/api/health/ready")).status_code == 200
    assert await aether.stop() == 0
    assert processes_of(aether.data) == []


def _password(output: str) -> str | None:
    shown = re.search(rf"as {re.escape(ADMIN)} with the password (\S+)", output)
    return None if shown is None else shown[1]


async def _sign_in(client: httpx.AsyncClient, url: str, password: str) -> dict[str, str]:
    """The headers of the signed-in administrator."""
    answer = await client.post(f"{url}/api/auth/login", json={"email": ADMIN, "password": password})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return {"Authorization": f"Bearer {body['access_token']}"}
