"""What health, sign-in and routes say while MongoDB or Redis is away. Proxies stand in for their going."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from backend.config import Settings
from tests.support.application import ADMIN_EMAIL, PASSWORD, Account, Served, serve
from tests.support.proxy import Proxy, proxied
from tests.support.waiting import eventually


@pytest.fixture
async def mongo(mongo_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(mongo_url) as (proxy, url):
        # Without discovery: the driver would find the server's own address and go around the proxy.
        yield proxy, f"{url.partition('?')[0]}?directConnection=true"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(redis_url) as proxy_and_url:
        yield proxy_and_url


@pytest.fixture
async def behind_proxies(
    app_settings: Settings, mongo: tuple[Proxy, str], redis: tuple[Proxy, str]
) -> AsyncIterator[Served]:
    changes = {
        "mongo_url": SecretStr(mongo[1]),
        "mongo_timeout": 1.0,
        "redis_url": SecretStr(redis[1]),
        "redis_timeout": 0.1,
        "limit_auth": (5, 900),
    }
    async with serve(app_settings.model_copy(update=changes)) as served:
        yield served
        mongo[0].resume()
        redis[0].resume()


@pytest.fixture
async def account(behind_proxies: Served) -> Account:
    return await behind_proxies.new_user()


async def status_of(served: Served, path: str, account: Account | None = None) -> tuple[int, str]:
    """The status and the code of a problem, or the status that a health route tells."""
    response = await served.client.get(path, headers=account.headers if account else {})
    body = response.json()
    return response.status_code, body.get("code") or body.get("status") or ""


async def test_without_redis_chat_goes_on_and_nobody_guesses_passwords(
    behind_proxies: Served, account: Account, redis: tuple[Proxy, str]
) -> None:
    served = behind_proxies
    assert await status_of(served, "/api/health", account) == (200, "ok")
    redis[0].pause()

    async def degraded() -> bool:
        return await status_of(served, "/api/health", account) == (200, "degraded")

    await eventually(degraded, 10)
    assert await status_of(served, "/api/health/ready") == (200, "ok")
    chat = await served.client.post("/api/ai/v4/chat/quick", headers=account.headers, json={"message": "Hello"})
    assert chat.status_code == 200, chat.text
    login = await served.client.post("/api/auth/login", json={"email": ADMIN_EMAIL, "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (503, "cache_unavailable")
    assert int(login.headers["retry-after"]) >= 1


async def test_without_mongo_the_worker_is_live_but_not_ready_and_says_so_quickly(
    behind_proxies: Served, account: Account, mongo: tuple[Proxy, str]
) -> None:
    served = behind_proxies
    mongo[0].pause()
    assert await status_of(served, "/api/health/ready") == (503, "database_unavailable")
    assert await status_of(served, "/api/health/live") == (200, "ok")
    assert await status_of(served, "/api/health", account) == (200, "down")
    status, code = await status_of(served, "/api/conversations", account)
    assert (status, code) in {(503, "database_unavailable"), (504, "deadline_exceeded")}
    mongo[0].resume()

    async def ready() -> bool:
        return await status_of(served, "/api/health/ready") == (200, "ok")

    await eventually(ready, 20)
    assert await status_of(served, "/api/conversations", account) == (200, "")
