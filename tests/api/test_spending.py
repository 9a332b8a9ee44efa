"""What administrators set: the kill switch, the caps of the installation, budgets of single users."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest
from pydantic import SecretStr

from backend.config import Settings
from backend.domain.usage import parse_usd
from backend.services.redis_client import RedisClient
from tests.servers import SimulatorHandle
from tests.support.application import Account, Served, serve
from tests.support.chat import Chat, Json, close_gate, held, pico
from tests.support.proxy import proxied
from tests.support.waiting import eventually

SPENDING = "/api/admin/spending"


async def switch(served: Served, admin: Account, *, enabled: bool) -> Json:
    answer = await served.client.put(SPENDING, headers=admin.headers, json={"enabled": enabled})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def refused_as_off(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json()["code"] == "model_unavailable"


@pytest.fixture
async def workers(app_settings: Settings) -> AsyncIterator[tuple[Served, Served]]:
    async with serve(app_settings) as one, serve(app_settings) as other:
        yield one, other


async def test_the_switch_stops_calls_on_every_worker_and_answers_from_the_cache_still_come(
    workers: tuple[Served, Served], simulator: SimulatorHandle
) -> None:
    one, other = workers
    admin, user = await one.admin(), await one.new_user()
    here, there = Chat(one, user), Chat(other, user)
    await here.ask("Known", "chat/quick")
    close_gate(simulator)
    under_way = asyncio.create_task(there.post("chat/quick", message="Under way"))
    streaming = asyncio.create_task(there.post("chat/stream", message="Under way too"))
    await eventually(lambda: held(simulator) == 2)
    assert (await switch(one, admin, enabled=False))["enabled"] is False
    async with asyncio.timeout(2.0):  # a second, and another one for a busy machine
        for answer in await asyncio.gather(under_way, streaming):
            assert await refused_as_off(answer), answer.text
    await eventually(lambda: simulator.calls()["cancelled"] == 2)
    for chat in (here, there):
        refused = await chat.post("chat/optimized", message="New")
        assert await refused_as_off(refused)
        assert int(refused.headers["retry-after"]) >= 1
        assert (await chat.ask("Known", "chat/quick"))["cached"]
    assert simulator.calls()["started"] == 3, "nothing was asked while models were off"
    simulator.reset()
    await switch(other, admin, enabled=True)

    async def on_again() -> bool:
        return (await here.post("chat/quick", message="On again")).status_code == 200

    await eventually(on_again)


async def test_a_stream_that_has_begun_is_cut_and_what_it_used_is_billed(
    live_server: Served, simulator: SimulatorHandle
) -> None:
    admin, chat = await live_server.admin(), Chat(live_server, await live_server.new_user())
    close_gate(simulator, after=30)
    async with chat.stream("A long answer") as events:
        while not events.text():
            await events.until("token")
        await switch(live_server, admin, enabled=False)
        async with asyncio.timeout(2.0):
            rest = await events.rest()
    assert rest[-1]["event"] == "error"
    assert rest[-1]["data"]["code"] == "model_unavailable"
    conversation = rest[0]["data"]["conversation_id"]
    stored = (await chat.messages(conversation))[-1]
    assert stored["status"] == "interrupted"
    assert pico(stored["receipt"]["cost"]) > 0


async def test_the_switch_survives_restarts_and_needs_no_redis(app_settings: Settings, redis_url: str) -> None:
    async with serve(app_settings) as first:
        admin = await first.admin()
        await switch(first, admin, enabled=False)
    async with proxied(redis_url) as (proxy, url):
        without_redis = app_settings.model_copy(update={"redis_url": SecretStr(url)})
        async with serve(app_settings) as second, serve(without_redis) as third:
            chat = Chat(third, await second.new_user())
            assert await refused_as_off(await chat.post("chat/quick", message="Still off"))
            await proxy.refuse()
            await switch(second, admin, enabled=True)

            async def on_again() -> bool:
                return (await chat.post("chat/quick", message="On")).status_code == 200

            await eventually(on_again, 2.0)


@pytest.mark.parametrize("period", ["hour", "month"])
async def test_the_installation_spends_no_more_than_its_cap(
    app_settings: Settings, redis_url: str, namespace: str, period: str
) -> None:
    cap, began = "0.01", datetime.now(UTC)
    async with serve(app_settings.model_copy(update={f"spend_cap_{period}": cap})) as served:
        admin = await served.admin()
        chats = [Chat(served, await served.new_user()) for _ in range(3)]
        await chats[0].ask("Known", "chat/quick")
        answers = await asyncio.gather(*(chats[n % 3].post("chat/quick", message=f"Question {n}") for n in range(30)))
        assert {answer.status_code for answer in answers} == {200, 402}
        told = (await served.client.get(SPENDING, headers=admin.headers)).json()
        assert (told["enabled"], told[f"cap_{period}"]) == (True, cap)
        assert parse_usd(told["spent_month"]) > 0
        assert parse_usd(told[f"spent_{period}"]) <= parse_usd(cap)
        another_hour = datetime.now(UTC).hour != began.hour  # began while the test ran
        assert another_hour or told["spent_hour"] == told["spent_month"]
        assert (await chats[0].ask("Known", "chat/quick"))["cached"]
    async with serve(app_settings.model_copy(update={f"spend_cap_{period}": "0"})) as served:
        refused = await Chat(served, chats[0].account).post("chat/quick", message="Anything")
        assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
        assert f"({period})" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) <= (3600 if period == "hour" else 31 * 86_400)
    redis = RedisClient(redis_url, namespace, timeout_s=5)
    held_for_ever = await redis.run(lambda r: r.keys(f"{namespace}:{{installation}}:*:held"))
    await redis.close()
    assert held_for_ever == []


async def set_budget(served: Served, admin: Account, user_id: str, **body: object) -> httpx.Response:
    return await served.client.patch(f"/api/admin/users/{user_id}/budget", headers=admin.headers, json=body)


async def test_a_budget_of_ones_own_holds_on_every_worker_and_can_be_taken_back(
    workers: tuple[Served, Served],
) -> None:
    one, other = workers
    admin, user, neighbour = await one.admin(), await one.new_user(), await one.new_user()
    questions = (f"Question {number}" for number in count())
    answer = await set_budget(one, admin, user.id, tokens=10, cost_usd="0.5")
    assert answer.json() == {"user_id": user.id, "tokens": 10, "cost_usd": "0.5"}

    async def refused(account: Account) -> bool:
        return (await Chat(other, account).post("chat/quick", message=next(questions))).status_code == 402

    await eventually(lambda: refused(user))
    assert not await refused(neighbour)
    await set_budget(other, admin, user.id, tokens=None, cost_usd=None)

    async def allowed() -> bool:
        return (await Chat(one, user).post("chat/quick", message=next(questions))).status_code == 200

    await eventually(allowed)


async def test_only_existing_users_have_budgets(app_client: Served, admin: Account) -> None:
    answer = await set_budget(app_client, admin, "nobody", tokens=1, cost_usd=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for cost in ("-1", "1e3", "0.0000000000001", "99999999999999"):
        assert (await set_budget(app_client, admin, admin.id, tokens=1, cost_usd=cost)).status_code == 422
