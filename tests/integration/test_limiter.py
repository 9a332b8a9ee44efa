import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backend.domain.api_keys import KeyGrant
from backend.errors import CacheUnavailable, RateLimited
from backend.services.limiter import Limiter, RateState, Slot
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


def key_with(limit: int, window_s: int = 60, name: str = "key_1") -> KeyGrant:
    return KeyGrant(name, frozenset(), (limit, window_s))


async def admitted_of(one: Limiter, count: int, key: KeyGrant | None = None) -> int:
    """How many of so many at once are admitted."""

    async def ask() -> bool:
        try:
            await one.admit("user_1", None, api_key=key)
        except RateLimited:
            return False
        return True

    return sum(await asyncio.gather(*(ask() for _ in range(count))))


async def test_a_key_has_a_window_of_its_own_beside_its_owners(redis: RedisClient) -> None:
    one, other = limiter(redis, limit=8), limiter(redis, limit=8)
    key = key_with(3)
    assert await admitted_of(one, 10, key) == 3
    assert await admitted_of(other, 10, key) == 0, "the key's window counts on every worker"
    assert await admitted_of(other, 10, key_with(4, name="key_2")) == 4
    assert await admitted_of(one, 10) == 1, "what one window refused is counted in none, and all share the user's"
    assert await admitted_of(one, 10, key_with(100, name="key_3")) == 0


async def test_a_key_is_limited_where_its_owner_is_not(redis: RedisClient) -> None:
    one = Limiter(redis, chat=None, auth=None, concurrency=None)
    assert await admitted_of(one, 5, key_with(2)) == 2
    assert await admitted_of(one, 5) == 5


async def test_the_tighter_limit_is_told(redis: RedisClient) -> None:
    one, key = limiter(redis, limit=10), key_with(3)
    told = [(await one.admit("user_1", None, api_key=key)).rate for _ in range(3)]
    assert [(rate.limit, rate.remaining) for rate in told if rate] == [(3, 2), (3, 1), (3, 0)]
    assert one.rate("chat", "user_1") is not None
    for _ in range(6):
        await one.admit("user_1", None)
    wide = (await one.admit("user_1", None, api_key=key_with(100, name="key_2"))).rate
    assert wide is not None
    assert (wide.limit, wide.remaining) == (10, 0), "the user's is the tighter one"
    other = limiter(redis, limit=10)
    await other.look("chat", "user_1", key)
    known = other.rate("chat", "user_1", key)
    assert known is not None
    assert known.remaining == 0


async def test_a_lease_is_drawn_from_both_and_settled_in_both(redis: RedisClient) -> None:
    one, key = limiter(redis, limit=40), key_with(8)
    assert [one.admit_local("user_1", key) for _ in range(3)] == [True, True, False], "a quarter of the key's limit"
    assert one.admit_local("user_1"), "the user's own lease is larger"
    assert await admitted_of(one, 10, key) == 6
    rate = (await one.admit("user_1", None)).rate
    assert rate is not None
    assert rate.remaining == 40 - 2 - 1 - 6 - 1


async def test_while_redis_is_away_a_key_has_a_quarter_too(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        one = limiter(client, limit=40)
        await proxy.refuse()
        assert await admitted_of(one, 20, key_with(8)) == 2
        assert await admitted_of(one, 20) == 8
        await client.close()


async def test_requests_at_once_are_bounded_in_one_worker_before_anything_is_done(redis: RedisClient) -> None:
    one = limiter(redis, concurrency=2)
    with one.slot("user_1"), one.slot("user_1"):
        with pytest.raises(RateLimited, match="At most 2") as refusal, one.slot("user_1"):
            pass
        assert refusal.value.code == "too_many_concurrent"
        with one.slot("user_2"):
            pass
    with one.slot("user_1"):
        pass


@asynccontextmanager
async def started(redis: RedisClient, workers: int = 2, concurrency: int = 2) -> AsyncIterator[list[Limiter]]:
    found = [limiter(redis, concurrency=concurrency) for _ in range(workers)]
    for one in found:
        await one.start()
    try:
        yield found
    finally:
        for one in found:
            await one.close()


async def running(client: RedisClient) -> int:
    return int(await client.run(lambda r: r.zcard(client.key("user_1", "limit", "running"))))


async def enter(one: Limiter, lifetime_s: float = 60.0) -> Slot:
    slot = one.slot("user_1")
    try:
        await one.admit("user_1", None, slot=slot, lifetime_s=lifetime_s)
    except RateLimited:
        slot.release()
        raise
    return slot


async def test_requests_at_once_are_bounded_over_all_workers(redis: RedisClient) -> None:
    async with started(redis, workers=4, concurrency=3) as workers:
        entered = await asyncio.gather(*(enter(workers[n % 4]) for n in range(12)), return_exceptions=True)
        slots = [slot for slot in entered if isinstance(slot, Slot)]
        refused = [error for error in entered if isinstance(error, RateLimited)]
        assert (len(slots), len(refused)) == (3, 9)
        assert {error.code for error in refused} == {"too_many_concurrent"}
        rate = workers[0].rate("chat", "user_1")
        await workers[0].look("chat", "user_1")
        assert await redis.run(lambda r: r.zcard(redis.key("user_1", "limit", "chat"))) == 3, (
            "refused ones are not counted"
        )
        assert rate is not None
        slots[0].release()
        await eventually(lambda: is_running(redis, 2))
        slots.append(await enter(workers[3]))
        for slot in slots:
            slot.release()
        await eventually(lambda: is_running(redis, 0))


async def is_running(client: RedisClient, count: int) -> bool:
    return await running(client) == count


async def test_what_a_crash_left_running_is_forgotten(redis: RedisClient) -> None:
    async with started(redis, concurrency=1) as (one, other):
        await enter(one, lifetime_s=-60.0)  # with the margin: expires at once
        slot = await enter(other)
        assert slot.shared


async def test_an_answer_that_is_known_takes_no_place(redis: RedisClient) -> None:
    key = redis.key("user_1", "answer")
    await redis.run(lambda r: r.set(key, b"known", px=60_000))
    async with started(redis, concurrency=1) as (one, _):
        with one.slot("user_1") as slot:
            assert (await one.admit("user_1", key, slot=slot, lifetime_s=60.0)).stored == b"known"
            assert await running(redis) == 0
            assert not slot.shared


async def test_places_that_could_not_be_given_back_are_when_redis_is_back(
    redis: RedisClient, redis_url: str, namespace: str
) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace)
        async with started(client, workers=1) as (one,):
            slots = [await enter(one), await enter(one)]
            await proxy.refuse()
            for slot in slots:
                slot.release()
            again = await enter(one)
            assert await running(redis) == 2
            await proxy.start()
            await eventually(lambda: is_running(redis, 0))
            again.release()
        await client.close()


async def test_the_place_of_a_cancelled_request_is_given_back(
    redis: RedisClient, redis_url: str, namespace: str
) -> None:
    async with proxied(redis_url) as (proxy, url):
        client = RedisClient(url, namespace, timeout_s=5)
        async with started(client, workers=1) as (one,):
            (await enter(one)).release()
            proxy.delay_s = lambda: 1.0

            async def ask() -> None:
                with one.slot("user_1") as slot:
                    await one.admit("user_1", None, slot=slot, lifetime_s=60.0)

            cancelled = asyncio.create_task(ask())
            await eventually(lambda: is_running(redis, 1))
            cancelled.cancel()
            await asyncio.wait({cancelled})
            proxy.delay_s = lambda: 0.0
            await eventually(lambda: is_running(redis, 0))
        await client.close()


async def _settled(client: RedisClient, user_id: str, count: int) -> bool:
    try:
        return bool(await client.run(lambda r: r.zcard(client.key(user_id, "limit", "chat"))) == count)
    except RedisUnavailable:
        return False
