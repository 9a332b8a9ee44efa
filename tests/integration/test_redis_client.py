import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.services.redis_client import Redis, RedisClient, RedisUnavailable
from tests.support.proxy import proxied
from tests.support.valkey import own_valkey, paused
from tests.support.waiting import eventually

TIMEOUT_S = 0.1
PATIENCE_S = 0.25  # the bound of 100 ms, and what a busy machine adds


@pytest.fixture
async def redis(redis_url: str, namespace: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, namespace, timeout_s=2)
    yield client
    await client.close()


async def read(client: RedisClient, key: str) -> object:
    return await client.run(lambda redis: redis.get(key))


async def write(client: RedisClient, key: str, value: str) -> None:
    await client.run(lambda redis: redis.set(key, value, px=60_000))


async def test_commands_and_scripts_answer(redis: RedisClient) -> None:
    key = redis.key("user_1", "value")
    await write(redis, key, "1")
    assert await read(redis, key) == b"1"
    assert await redis.script("return {KEYS[1], ARGV[1]}")([key], ["x"]) == [key.encode(), b"x"]
    assert 0 <= await redis.ping() < 2


async def test_pipelines_work_too(redis: RedisClient) -> None:
    key = redis.key("user_1", "count")

    async def twice(connection: Redis) -> list[object]:
        async with connection.pipeline(transaction=True) as pipeline:
            pipeline.incr(key)
            pipeline.incr(key)
            return list(await pipeline.execute())

    assert await redis.run(twice) == [1, 2]


async def test_all_keys_of_a_user_share_one_hash_tag(redis: RedisClient) -> None:
    assert redis.key("user_1", "a", "b") == f"{redis.namespace}:{{user_1}}:a:b"


async def test_a_thousand_concurrent_commands_share_one_connection(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=5)
        keys = [client.key(f"user_{n}", "value") for n in range(1000)]
        await asyncio.gather(*(write(client, key, key) for key in keys))
        assert await asyncio.gather(*(read(client, key) for key in keys)) == [key.encode() for key in keys]
        assert proxy.connections == 1
        await client.close()


async def test_cancelled_commands_never_mix_up_the_answers_of_others(redis_url: str, namespace: str) -> None:
    """redis-py issues 2624 and 2665: a cancelled reader once left its reply to the next user of its connection."""
    rng = random.Random(7)
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=10)
        users = [f"user_{n}" for n in range(50)]
        for user in users:
            await write(client, client.key(user, "own"), user)
        proxy.delay_s = lambda: rng.uniform(0, 0.01)
        answers = {"own": 0, "foreign": 0, "cancelled": 0}

        async def reader(user: str) -> None:
            for _ in range(100):
                ask = asyncio.create_task(read(client, client.key(user, "own")))
                if rng.random() < 0.5:
                    await asyncio.wait({ask}, timeout=rng.uniform(0, 0.02))
                    ask.cancel()
                try:
                    answers["own" if await ask == user.encode() else "foreign"] += 1
                except asyncio.CancelledError:
                    answers["cancelled"] += 1

        await asyncio.gather(*(reader(user) for user in users))
        assert answers["foreign"] == 0
        assert answers["cancelled"] > 500
        assert answers["own"] > 2000
        await client.close()


async def test_cuts_in_the_middle_never_mix_up_answers(redis_url: str, namespace: str) -> None:
    rng = random.Random(11)
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=5)
        for n in range(20):
            await write(client, client.key(f"user_{n}"), str(n))
        proxy.delay_s = lambda: rng.uniform(0, 0.003)
        right = 0

        async def reader(n: int) -> None:
            nonlocal right
            while right < 500:
                try:
                    answer = await read(client, client.key(f"user_{n}"))
                except RedisUnavailable:
                    await asyncio.sleep(0.001)
                    continue
                assert answer == str(n).encode()
                right += 1

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            readers = [group.create_task(reader(n)) for n in range(20)]
            while not all(task.done() for task in readers):
                await proxy.cut()
                await asyncio.sleep(0.02)
        assert proxy.connections > 5
        await client.close()


async def test_an_error_reply_is_unavailable_and_reaches_its_own_caller_only(redis: RedisClient) -> None:
    key = redis.key("user_1", "text")
    await write(redis, key, "text")
    results = await asyncio.gather(
        redis.run(lambda r: r.incr(key)), *(read(redis, key) for _ in range(5)), return_exceptions=True
    )
    assert isinstance(results[0], RedisUnavailable)
    assert results[1:] == [b"text"] * 5
    assert redis.available


async def test_a_script_that_redis_forgot_is_loaded_again(redis: RedisClient) -> None:
    script = redis.script("return redis.call('INCR', KEYS[1])")
    key = redis.key("user_1", "count")
    assert await script([key]) == 1
    await redis.run(lambda r: r.script_flush())
    assert await script([key]) == 2


async def test_nobody_waits_for_a_paused_redis_and_it_is_used_again_when_it_answers(
    tmp_path: Path, namespace: str
) -> None:
    async with own_valkey(tmp_path) as server:
        client = RedisClient(server.url, namespace)
        key = client.key("user_1", "value")
        await write(client, key, "1")
        with paused(server):

            async def timed() -> float:
                started = time.monotonic()
                with pytest.raises(RedisUnavailable):
                    await read(client, key)
                return time.monotonic() - started

            assert max(await asyncio.gather(*(timed() for _ in range(50)))) < PATIENCE_S
            assert not client.available
            assert sum([await timed() for _ in range(1000)]) < PATIENCE_S, "known to be away: nobody waits"

        async def answers() -> bool:
            try:
                return await read(client, key) == b"1"
            except RedisUnavailable:
                return False

        await eventually(answers)
        assert client.available
        await client.close()


async def test_a_killed_redis_fails_at_once_and_an_empty_one_is_found_again(
    redis_url: str, tmp_path: Path, namespace: str
) -> None:
    async with own_valkey(tmp_path) as empty, proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        script = client.script("return redis.call('INCR', KEYS[1])")
        key = client.key("user_1", "count")
        assert await script([key]) == 1
        await proxy.refuse()
        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(RedisUnavailable):
                await script([key])
        assert time.monotonic() - started < PATIENCE_S
        assert not client.available
        proxy.point_at("127.0.0.1", empty.port)
        await proxy.start()

        async def counts() -> bool:
            try:
                return await script([key]) == 1
            except RedisUnavailable:
                return False

        await eventually(counts)
        await client.close()


async def test_a_slow_redis_opens_the_breaker(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        await client.ping()
        proxy.delay_s = lambda: 2 * TIMEOUT_S
        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(RedisUnavailable):
                await client.ping()
        assert time.monotonic() - started < PATIENCE_S, "one caller waits, once"
        await asyncio.sleep(10 * TIMEOUT_S)
        assert not client.available, "answers that come too late do not heal"
        proxy.delay_s = lambda: 0.0
        await eventually(lambda: _pings(client))
        await client.close()


async def test_a_connection_that_went_silent_is_replaced(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        await client.ping()
        proxy.freeze()
        await eventually(lambda: _pings(client))
        assert proxy.connections == 2
        assert client.available
        await client.close()


async def test_a_short_stall_heals_as_soon_as_redis_answers(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        await client.ping()
        proxy.pause()
        with pytest.raises(RedisUnavailable):
            await client.ping()
        proxy.resume()
        await eventually(lambda: client.available, within_s=0.5)
        assert proxy.connections == 1
        await client.close()


async def test_an_event_loop_that_was_late_is_not_taken_for_a_slow_redis(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=TIMEOUT_S)
        await client.ping()
        proxy.delay_s = lambda: TIMEOUT_S / 5

        async def block() -> None:
            time.sleep(3 * TIMEOUT_S)  # noqa: ASYNC251 (the point of this test)

        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(client.ping()) for _ in range(20)]
            group.create_task(block())
        assert all(answer.result() >= 0 for answer in answers)
        assert client.available
        await client.close()


async def test_a_closed_client_refuses(redis_url: str, namespace: str) -> None:
    client = RedisClient(redis_url, namespace)
    await client.ping()
    await client.close()
    with pytest.raises(RedisUnavailable):
        await client.ping()


async def _pings(client: RedisClient) -> bool:
    try:
        await client.ping()
    except RedisUnavailable:
        return False
    return True
