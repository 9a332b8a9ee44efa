"""Budgets of users over HTTP: whatever happens to a request, the account ends with what the ledger says."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.services.redis_client import RedisClient
from tests.servers import SimulatorHandle
from tests.support.application import Served, serve
from tests.support.budgets import account, budget_of, reservations, today
from tests.support.chat import Chat, close_gate, held, ledger, open_gate, pico, program
from tests.support.proxy import Proxy, proxied
from tests.support.waiting import eventually

Serving = Callable[..., AbstractAsyncContextManager[Served]]
UNPRICED = "qwen/qwen3.8-27b"


@pytest.fixture
async def redis(redis_url: str, namespace: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, namespace, timeout_s=5)
    yield client
    await client.close()


@pytest.fixture
def serving(app_settings: Settings) -> Serving:
    return lambda **changes: serve(app_settings.model_copy(update=changes))


@pytest.fixture
async def chat(serving: Serving) -> AsyncIterator[Chat]:
    """A budget that is large enough for everything that a test does one after another."""
    async with serving(budget_user_tokens_day=1_000_000, budget_user_cost_day="1") as served:
        yield Chat(served, await served.new_user())


async def agrees_with_the_ledger(chat: Chat, redis: RedisClient) -> dict[str, int]:
    """The account, once it is clear that it counts what the ledger has and that nothing is held."""
    services = chat.served.services
    assert services is not None
    records = await ledger(services.database, chat.account.id)
    spent = {
        "spent:tokens": sum(record["prompt"] + record["completion"] for record in records),
        "spent:cost": sum(record["cost"] for record in records),
    }

    async def agrees() -> bool:
        found = await budget_of(chat.served, redis, chat.account.id)
        return all(found.get(name, 0) == amount for name, amount in spent.items()) and not any(
            amount for name, amount in found.items() if name.startswith("held:")
        )

    try:
        await eventually(agrees)
    except TimeoutError:
        assert await budget_of(chat.served, redis, chat.account.id) == spent
    return spent


async def test_every_way_of_asking_is_settled_with_what_it_cost(
    chat: Chat, redis: RedisClient, simulator: SimulatorHandle
) -> None:
    first = await chat.ask("One question", "chat/quick")
    assert await agrees_with_the_ledger(chat, redis) == {
        "spent:tokens": first["tokens_used"],
        "spent:cost": pico(first["cost"]),
    }
    again = await chat.ask("One question", "chat/quick")
    assert again["cached"]
    await chat.ask("A roadmap and tests", "chat/multi-agent", agents=["dev", "luna"])
    await chat.ask("A roadmap, then tests", "chat/multi-agent", agents=["dev", "luna"], collaboration_mode="sequential")
    async with chat.stream("A question that streams") as events:
        assert (await events.rest())[-1]["event"] == "done"
    async with chat.stream("A team that streams", mode="multi-agent", agents=["dev", "sage"]) as events:
        assert (await events.rest())[-1]["event"] == "done"
    program(simulator, "400")
    assert (await chat.post("chat/quick", message="This fails")).status_code >= 400
    await agrees_with_the_ledger(chat, redis)


async def test_shared_calls_are_paid_once_and_stopped_ones_as_far_as_they_got(
    chat: Chat, redis: RedisClient, simulator: SimulatorHandle
) -> None:
    key = redis.key(chat.account.id, "budget", today())
    close_gate(simulator)
    asking = [asyncio.create_task(chat.ask("The same question", "chat/quick")) for _ in range(4)]
    await eventually(lambda: held(simulator) == 1)
    stopped = asyncio.create_task(chat.post("chat/quick", message="Nobody waits for this"))
    await eventually(lambda: held(simulator) == 2)

    async def reserved() -> bool:
        return await reservations(redis, key) == 5

    await eventually(reserved)
    stopped.cancel()
    await asyncio.wait({stopped})
    open_gate(simulator)
    replies = await asyncio.gather(*asking)
    assert sorted(reply["cached"] for reply in replies) == [False, True, True, True]
    await agrees_with_the_ledger(chat, redis)
    assert await reservations(redis, key) == 0


async def test_a_hundred_at_once_never_overshoot_and_the_rest_hear_when_to_come_back(
    serving: Serving, redis: RedisClient, simulator: SimulatorHandle
) -> None:
    async with serving(budget_user_tokens_day=8000) as served:
        chat = Chat(served, await served.new_user())
        close_gate(simulator)
        asking = [
            asyncio.create_task(chat.post("chat/optimized", message=f"Question {n}", max_tokens=100))
            for n in range(100)
        ]

        async def decided() -> bool:
            done = sum(task.done() for task in asking)
            return done + held(simulator) == 100

        await eventually(decided, 20)
        under_way = await budget_of(served, redis, chat.account.id)
        assert 8000 - 2000 < under_way["held:tokens"] <= 8000
        open_gate(simulator)
        answers = await asyncio.gather(*asking)
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {200, 402}
        assert statuses[200] >= 4
        refused = next(answer for answer in answers if answer.status_code == 402)
        assert refused.json()["code"] == "budget_exceeded"
        assert refused.headers["retry-after"] == "1", "what is held is free again soon"
        spent = await agrees_with_the_ledger(chat, redis)
        assert spent["spent:tokens"] <= 8000


async def spend_all(chat: Chat) -> httpx.Response:
    """The refusal, and what came before it was answered."""
    for number in range(50):
        answer = await chat.post("chat/optimized", message=f"Question {number}", max_tokens=100)
        if answer.status_code != 200:
            return answer
    raise AssertionError("the budget never ended")


async def test_a_spent_budget_names_when_it_starts_anew_and_cached_answers_still_work(serving: Serving) -> None:
    async with serving(budget_user_tokens_day=6000) as served:
        chat, other = Chat(served, await served.new_user()), Chat(served, await served.new_user())
        await chat.ask("Known")
        refused = await spend_all(chat)
        assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
        assert "T00:00:00Z" in refused.json()["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 86_400
        assert (await chat.ask("Known"))["cached"]
        assert (await chat.post("chat/stream", message="New", max_tokens=100)).status_code == 402
        assert (await chat.post("chat/multi-agent", message="New")).status_code == 402
        assert (await other.post("chat/optimized", message="Question 0", max_tokens=100)).status_code == 200
    async with serving(budget_user_tokens_day=6000) as another_worker:
        answer = await Chat(another_worker, chat.account).post("chat/optimized", message="New", max_tokens=100)
        assert answer.status_code == 402


async def test_an_empty_redis_starts_from_what_mongodb_says(serving: Serving, redis: RedisClient) -> None:
    async with serving(budget_user_tokens_day=6000) as served:
        chat = Chat(served, await served.new_user())
        await spend_all(chat)
        key = redis.key(chat.account.id, "budget", today())
        spent = (await account(redis, key))["spent:tokens"]
        await redis.run(lambda r: r.delete(key, f"{key}:held"))
        assert (await chat.post("chat/optimized", message="Again", max_tokens=100)).status_code == 402
        assert (await account(redis, key))["spent:tokens"] == spent


async def test_a_model_without_a_price_counts_tokens_and_cannot_keep_a_limit_of_cost(
    serving: Serving, redis: RedisClient
) -> None:
    async with serving(budget_user_tokens_day=100_000) as served:
        chat = Chat(served, await served.new_user())
        reply = await chat.ask("Hello", model=UNPRICED)
        assert reply["cost"] is None
        assert (await budget_of(served, redis, chat.account.id))["spent:tokens"] == reply["tokens_used"]
    async with serving(budget_user_cost_day="1") as served:
        chat = Chat(served, await served.new_user())
        refused = await chat.post("chat/optimized", message="Hello", model=UNPRICED)
        assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
        assert "retry-after" not in refused.headers


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    async with proxied(redis_url) as proxy_and_url:
        yield proxy_and_url


async def test_while_redis_is_away_a_share_is_lent_and_settled_when_it_is_back(
    serving: Serving, redis: RedisClient, proxy: tuple[Proxy, str]
) -> None:
    async with serving(budget_user_tokens_day=16_000, redis_url=SecretStr(proxy[1])) as served:
        chat = Chat(served, await served.new_user())
        await chat.ask("Before", "chat/optimized", max_tokens=100)
        await proxy[0].refuse()
        assert (await chat.post("chat/optimized", message="Small", max_tokens=100)).status_code == 200
        refused = await chat.post("chat/optimized", message="More than a quarter")
        assert (refused.status_code, refused.json().get("code")) == (402, "budget_exceeded"), refused.text
        await proxy[0].start()
        await agrees_with_the_ledger(chat, redis)
