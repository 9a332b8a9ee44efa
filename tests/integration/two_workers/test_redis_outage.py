"""Two workers whose Redis is full of others' requests, slow, dead and back again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pydantic import SecretStr

from tests.servers import Servers, SimulatorHandle
from tests.support.application import ADMIN_EMAIL, PASSWORD, Served, settings_on
from tests.support.chat import API, Chat
from tests.support.valkey import MortalValkey, paused
from tests.support.waiting import eventually
from tests.support.workers import Processes, Workers, connected, two_processes

LIMIT, WINDOW_S = 20, 60
LEASE = LIMIT // 4
REDIS_TIMEOUT_S = 0.25
DELAY_S = 1.0
"""What a request may take while Redis says nothing: the timeout, the work itself, and what a busy machine adds."""
HEALED_S = 15.0


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalValkey]:
    valkey = MortalValkey(tmp_path_factory.mktemp("valkey"))
    yield valkey
    valkey.stop()


@pytest.fixture(scope="module")
def limited(servers: Servers, valkey: MortalValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Workers on a Redis of their own, with the limits that are the defaults."""
    folder = tmp_path_factory.mktemp("limited")
    with servers.database() as name:
        settings = settings_on(
            servers,
            name,
            folder / "data",
            redis_url=SecretStr(valkey.server.url),
            redis_timeout=REDIS_TIMEOUT_S,
            limit_chat=(LIMIT, WINDOW_S),
            limit_auth=(5, 900),
        )
        with two_processes(settings, folder) as processes:
            yield processes


@pytest.fixture
async def workers(limited: Processes, simulator: SimulatorHandle) -> AsyncIterator[Workers]:
    async with connected(limited) as workers:
        yield workers


async def ask_many(chats: tuple[Chat, ...], count: int, topic: str) -> list[httpx.Response]:
    """So many different questions at once, spread evenly."""
    asking = (
        chats[number % len(chats)].post("chat/quick", message=f"{topic}, number {number}") for number in range(count)
    )
    return await asyncio.gather(*asking)


def admitted(answers: list[httpx.Response]) -> int:
    """How many were answered; all others were refused in the right words."""
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} <= {429}, {answer.text for answer in refused}
    assert {answer.json()["code"] for answer in refused} <= {"rate_limited"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= WINDOW_S for answer in refused)
    return len(answers) - len(refused)


async def health(chat: Chat) -> str:
    status: str = (await chat.get("/api/health"))["status"]
    return status


async def sign_in(worker: Served) -> httpx.Response:
    answer = await worker.client.post("/api/auth/login", json={"email": ADMIN_EMAIL, "password": PASSWORD})
    worker.client.cookies.clear()
    return answer


async def healthy(*chats: Chat) -> None:
    async def all_are() -> bool:
        return [await health(chat) for chat in chats] == ["ok"] * len(chats)

    await eventually(all_are, HEALED_S)


async def degraded(*chats: Chat) -> None:
    async def all_are() -> bool:
        return [await health(chat) for chat in chats] == ["degraded"] * len(chats)

    await eventually(all_are, HEALED_S)


async def test_the_limit_counts_requests_of_both_workers_exactly(workers: Workers, simulator: SimulatorHandle) -> None:
    both = await workers.user()
    assert admitted(await ask_many(both, 2 * LIMIT, "Counted")) == LIMIT
    assert simulator.calls()["started"] == LIMIT
    assert len(await workers.stored("messages", both[0])) == 2 * LIMIT
    assert admitted(await ask_many(both, 4, "Refused at once")) == 0
    assert admitted(await ask_many(await workers.user(), 4, "Another user's")) == 4


async def test_without_redis_chat_goes_on_within_the_leases_and_with_it_all_is_well_again(
    workers: Workers, valkey: MortalValkey, simulator: SimulatorHandle
) -> None:
    on_a, on_b = both = await workers.user()
    assert admitted(await ask_many(both, 2, "Before")) == 2
    await valkey.kill()
    try:
        assert admitted(await ask_many((on_a,), LEASE + 3, "Without Redis on a")) == LEASE
        assert admitted(await ask_many((on_b,), LEASE + 3, "Without Redis on b")) == LEASE
        await degraded(on_a, on_b)
        for worker in (workers.a, workers.b):
            refused = await sign_in(worker)
            assert (refused.status_code, refused.json()["code"]) == (503, "cache_unavailable")
            assert (await worker.client.get("/api/health/ready")).status_code == 200
        cleared = await on_a.post("cache/clear")
        assert (cleared.status_code, cleared.json()["code"]) == (503, "cache_unavailable")
    finally:
        await valkey.start_again()
    await healthy(on_a, on_b)
    assert [(await sign_in(worker)).status_code for worker in (workers.a, workers.b)] == [200, 200]
    assert [admitted(await ask_many((chat,), 1, "Settles what was leased")) for chat in both] == [1, 1]
    left = LIMIT - 2 * LEASE - 2
    assert left - 2 <= admitted(await ask_many(both, LIMIT, "What is left")) <= left  # the two before may be lost
    await assert_shared_again(workers)


async def assert_shared_again(workers: Workers) -> None:
    """Caches, clears and streams reach the other worker."""
    on_a, on_b = await workers.user()
    await on_a.ask("Shared again?")
    assert (await on_b.ask("Shared again?"))["cached"]
    assert (await on_a.post("cache/clear")).status_code == 200

    async def forgotten() -> bool:
        return not (await on_b.ask("Shared again?"))["cached"]

    await eventually(forgotten, 1.0)
    async with on_a.stream("Streamed again?") as events:
        await events.rest()
    async with on_b.resume(events.seen[0]["data"]["stream_id"]) as again:
        assert await again.rest() == events.seen


async def test_without_redis_a_stream_is_read_where_it_is_written(workers: Workers, valkey: MortalValkey) -> None:
    on_a, on_b = await workers.user()
    await valkey.kill()
    try:
        async with on_a.stream("Alone with my worker") as events:
            [head, *_, done] = await events.rest()
        assert done["event"] == "done"
        async with on_a.resume(head["data"]["stream_id"], 2) as rest:
            assert await rest.rest() == events.seen[2:]
        async with on_b.resume(head["data"]["stream_id"]) as unknown:
            assert unknown.response.status_code == 503
    finally:
        await valkey.start_again()
    await healthy(on_a, on_b)

    async def arrives() -> bool:
        path = f"{API}/chat/stream/{head['data']['stream_id']}"
        return (await workers.b.client.get(path, headers=on_b.account.headers)).status_code == 200

    await eventually(arrives, HEALED_S)


async def test_a_redis_that_says_nothing_delays_nobody(workers: Workers, valkey: MortalValkey) -> None:
    users = [await workers.user() for _ in range(3)]
    seconds: list[float] = []

    async def timed(chat: Chat, number: int) -> None:
        started = time.monotonic()
        await chat.ask(f"How long does number {number} take?", "chat/quick")
        seconds.append(time.monotonic() - started)

    with paused(valkey.server):
        for number in range(3):
            await asyncio.gather(*(timed(on_a, number) for on_a, _ in users))
            await asyncio.gather(*(timed(on_b, number + 10) for _, on_b in users))
        await degraded(*users[0])
        assert (await sign_in(workers.a)).status_code == 503
    assert len(seconds) == 18
    assert max(seconds) < DELAY_S
    await healthy(*users[0])
    assert (await sign_in(workers.a)).status_code == 200


async def test_an_ended_sign_in_fails_on_the_other_worker_within_a_second_without_redis_too(
    workers: Workers, valkey: MortalValkey
) -> None:
    bystanders = await workers.user()
    on_a, on_b = await workers.user()
    await on_b.get("/api/auth/me")
    await valkey.kill()
    try:
        ended = await workers.a.client.post("/api/auth/logout-all", headers=on_a.account.headers)
        assert ended.status_code == 204

        async def refused() -> bool:
            return (await workers.b.client.get("/api/auth/me", headers=on_b.account.headers)).status_code == 401

        await eventually(refused, 1.0)
    finally:
        await valkey.start_again()
    await healthy(*bystanders)
