import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from backend.errors import CacheUnavailable, RateLimited
from backend.services.limiter import Limiter, RateState
from backend.services.redis_client import RedisClient, RedisUnavailable
from tests.support.proxy import proxied
from tests.support.waiting import eventually


@pytest.fixture
async def redis(redis_url: str, namespace: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, namespace, timeout_s=5)
    yield client
    await client.close()


def limiter(redis: RedisClient, limit: int = 20, window_s: int = 60, concurrency: int | None = None) -> Limiter:
    return Limiter(redis, chat=(limit, window_s), auth=(5, 900), concurrency=concurrency)


async def outcome(one: Limiter, user_id: str = "user_1") -> str:
    try:
        await one.admit(user_id, None)
    except RateLimited as error:
        return "refused" if error.retry_after and error.retry_after > 0 else "refused without an end"
    return "admitted"


async def test_concurrent_requests_of_many_workers_never_exceed_the_limit(redis: RedisClient) -> None:
    workers = [limiter(redis) for _ in range(4)]
    outcomes = Counter(await asyncio.gather(*(outcome(workers[n % 4]) for n in range(100))))
    assert outcomes == {"admitted": 20, "refused": 80}
    assert await outcome(workers[0], "user_2") == "admitted", "one user's limit is not another's"


async def test_the_state_counts_down_and_the_window_slides(redis: RedisClient) -> None:
    one = limiter(redis, limit=2, window_s=1)
    first = (await one.admit("user_1", None)).rate
    second = (await one.admit("user_1", None)).rate
    assert isinstance(first, RateState)
    assert isinstance(second, RateState)
    assert (first.limit, first.remaining, second.remaining) == (2, 1, 0)
    assert 0 < second.reset_s <= first.reset_s <= 1
    assert await outcome(one) == "refused"

    async def admitted() -> bool:
        return await outcome(one) == "admitted"

    await eventually(admitted, within_s=3)


async def test_the_stored_value_comes_along_in_the_same_round_trip(redis: RedisClient) -> None:
    key = redis.key("user_1", "cache", "value", "x")
    await redis.run(lambda r: r.set(key, b"answer", px=60_000))
    one, unlimited = limiter(redis, limit=1), Limiter(redis, chat=None, auth=None, concurrency=None)
    assert (await one.admit("user_1", key)).stored == b"answer"
    assert (await limiter(redis).admit("user_2", redis.key("user_2", "nothing"))).stored is None
    free = await unlimited.admit("user_1", key)
    assert (free.rate, free.stored) == (None, b"answer")


async def test_every_key_expires(redis: RedisClient) -> None:
    one = limiter(redis, window_s=60)
    await one.admit("user_1", None)
    await one.record_failed_sign_in("a@example.org")
    found = await redis.run(lambda r: r.keys(f"{redis.namespace}:*"))
    keys = [key.decode() if isinstance(key, bytes) else key for key in found]
    assert len(keys) == 2
    lifetimes = await redis.script("return {redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2])}")(keys)
    assert isinstance(lifetimes, list)
    assert all(0 < lifetime <= 900_000 for lifetime in lifetimes)
    assert "example" not in "".join(keys)


async def test_local_requests_are_settled_with_the_next_round_trip(redis: RedisClient) -> None:
    one, other = limiter(redis, limit=8), limiter(redis, limit=8)
    assert [one.admit_local("user_1") for _ in range(3)] == [True, True, False], "a lease is a quarter of the limit"
    rate = (await one.admit("user_1", None)).rate
    assert rate is not None
    assert rate.remaining == 5
    assert one.admit_local("user_1"), "a settled lease is a new lease"
    outcomes = Counter(await asyncio.gather(*(outcome(other) for _ in range(10))))
    assert outcomes == {"admitted": 5, "refused": 5}
    assert not other.admit_local("user_1"), "whom Redis refuses is not served from a lease either"


async def test_a_cancelled_settlement_counts_once(redis: RedisClient, redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=5)
        one = limiter(client, limit=40)
        await one.admit("user_1", None)
        assert all(one.admit_local("user_1") for _ in range(10))
        proxy.delay_s = lambda: 1.0
        cancelled = asyncio.create_task(one.admit("user_1", None))
        await eventually(lambda: _settled(redis, "user_1", 12))
        cancelled.cancel()
        await asyncio.wait({cancelled})
        assert not one.admit_local("user_1"), "they are unsettled again, as far as this worker knows"
        proxy.delay_s = lambda: 0.0
        rate = (await one.admit("user_1", None)).rate
        assert rate is not None
        assert rate.remaining == 40 - 13
        await client.close()


async def test_while_redis_is_away_a_worker_grants_its_lease_only(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        one = limiter(client, limit=20)
        await proxy.refuse()
        assert [await outcome(one) for _ in range(8)] == ["admitted"] * 5 + ["refused"] * 3
        with pytest.raises(CacheUnavailable):
            await one.check_sign_in("a@example.org")
        with pytest.raises(CacheUnavailable):
            await one.record_failed_sign_in("a@example.org")
        await proxy.start()

        async def settled() -> bool:
            try:
                rate = (await one.admit("user_1", None)).rate
            except RateLimited:
                return False
            return rate is not None and rate.remaining == 14

        await eventually(settled)
        await client.close()


async def test_failed_sign_ins_close_the_door(redis: RedisClient) -> None:
    one = limiter(redis)
    for _ in range(5):
        await one.check_sign_in("a@example.org")
        await one.record_failed_sign_in("a@example.org")
    with pytest.raises(RateLimited) as refusal:
        await one.check_sign_in("a@example.org")
    assert refusal.value.retry_after is not None
    assert 0 < refusal.value.retry_after <= 900
    await one.check_sign_in("b@example.org")


async def test_requests_at_once_are_bounded_per_user(redis: RedisClient) -> None:
    one = limiter(redis, concurrency=2)
    with one.slot("user_1"), one.slot("user_1"):
        with pytest.raises(RateLimited, match="At most 2") as refusal, one.slot("user_1"):
            pass
        assert refusal.value.code == "too_many_concurrent"
        with one.slot("user_2"):
            pass
    with one.slot("user_1"):
        pass


async def _settled(client: RedisClient, user_id: str, count: int) -> bool:
    try:
        return bool(await client.run(lambda r: r.zcard(client.key(user_id, "limit", "chat"))) == count)
    except RedisUnavailable:
        return False
