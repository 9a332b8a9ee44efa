import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.domain.usage import TokenUsage
from backend.errors import CacheUnavailable
from backend.services.bus import Bus
from backend.services.performance_cache import CachedAnswer, Item, Layer, MemoryLayer, PerformanceCache
from backend.services.redis_client import RedisClient
from tests.support.proxy import proxied
from tests.support.waiting import eventually

USER = "user_1"


def answer(content: str = "hello", user_id: str = USER) -> CachedAnswer:
    usage = TokenUsage(10, 2, 30, 4)
    return CachedAnswer(user_id, content, None, "stop", "dev", "model", usage, 123, 456, datetime.now(UTC))


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Worker:
    def __init__(self, url: str, namespace: str, layers: list[Layer] | None = None) -> None:
        self.clock = Clock()
        self.redis = RedisClient(url, namespace, timeout_s=1)
        self.bus = Bus(self.redis)
        self.cache = PerformanceCache(self.redis, self.bus, clock=self.clock, layers=layers)

    async def close(self) -> None:
        await self.bus.close()
        await self.redis.close()

    async def layer(self, key: str = "k") -> str | None:
        hit = await self.cache.get(USER, key)
        return None if hit is None else hit.layer


@asynccontextmanager
async def worker(url: str, namespace: str, layers: list[Layer] | None = None) -> AsyncIterator[Worker]:
    one = Worker(url, namespace, layers)
    await one.bus.start()
    try:
        yield one
    finally:
        await one.close()


@pytest.fixture
async def one(redis_url: str, namespace: str) -> AsyncIterator[Worker]:
    async with worker(redis_url, namespace) as first:
        yield first


@pytest.fixture
async def other(redis_url: str, namespace: str) -> AsyncIterator[Worker]:
    async with worker(redis_url, namespace) as second:
        yield second


async def test_an_answer_of_one_worker_is_found_by_the_other_and_promoted(one: Worker, other: Worker) -> None:
    stored = answer()
    await one.cache.put(USER, "k", stored)
    hit = await other.cache.get(USER, "k")
    assert hit is not None
    assert hit.answer == stored
    assert (hit.layer, await other.layer(), await one.layer()) == ("l3", "l1", "l1")
    other.clock.ahead = 301
    assert [await other.layer(), await other.layer()] == ["l2", "l1"]
    other.clock.ahead = 2_200
    assert await other.layer() == "l3"
    other.clock.ahead = 86_401
    assert await other.layer() is None, "no promotion outlives the answer"


async def test_the_value_of_the_limiters_round_trip_is_accepted(one: Worker, other: Worker) -> None:
    await one.cache.put(USER, "k", answer())
    stored = await one.redis.run(lambda r: r.get(one.cache.l3_key(USER, "k")))
    assert isinstance(stored, bytes)
    assert other.cache.peek(USER, "k") is None
    hit = other.cache.accept(USER, "k", stored)
    assert hit is not None
    assert hit.layer == "l3"
    again = other.cache.peek(USER, "k")
    assert again is not None
    assert again.layer == "l1"
    assert other.cache.accept(USER, "k", None) is None
    for bad in (b"", b"x", b"1 2", b"x y z", b"0 99999999999999 [1]\n{}"):
        assert other.cache.accept(USER, "bad", bad) is None


async def test_another_users_value_is_never_an_answer(one: Worker) -> None:
    await one.cache.put("owner", "k", answer("secret", "owner"))
    stored = await one.redis.run(lambda r: r.get(one.cache.l3_key("owner", "k")))
    assert isinstance(stored, bytes)
    await one.redis.run(lambda r: r.set(one.cache.l3_key("thief", "k"), stored))
    assert await one.cache.get("thief", "k") is None
    assert one.cache.accept("thief", "k", stored) is None
    assert one.cache.statistics()["rejected"] == 2
    with pytest.raises(ValueError, match="owner"):
        await one.cache.put("thief", "k", answer("secret", "owner"))


async def test_clearing_reaches_every_layer_of_every_worker_and_one_user_only(one: Worker, other: Worker) -> None:
    for key in ("a", "b", "c"):
        await one.cache.put(USER, key, answer())
    await one.cache.put("user_2", "a", answer(user_id="user_2"))
    await other.cache.get(USER, "a")
    assert await one.cache.clear_user(USER) == {"l1": 3, "l2": 3, "l3": 3}
    await eventually(lambda: other.cache.peek(USER, "a") is None, within_s=1)
    assert [await each.layer("a") for each in (one, other)] == [None, None]
    assert await one.cache.get("user_2", "a") is not None
    assert await one.cache.clear_user(USER) == {"l1": 0, "l2": 0, "l3": 0}
    await one.cache.put(USER, "a", answer("new"))
    hit = await other.cache.get(USER, "a")
    assert hit is not None
    assert hit.answer.content == "new"


async def test_a_question_in_other_words_is_known_to_all_workers_until_it_is_cleared(
    one: Worker, other: Worker
) -> None:
    await one.cache.put(USER, "k", answer())
    await one.cache.remember_question(USER, "scope", "How do I sort a list?", "k")
    hit = await other.cache.find_similar(USER, "scope", "how can I sort lists")
    assert hit is not None
    assert (hit.layer, hit.question, hit.similarity) == ("similar", "How do I sort a list?", 0.96)
    assert await other.cache.find_similar("user_2", "scope", "How do I sort a list?") is None
    await one.cache.clear_user(USER)
    await eventually(lambda: other.cache.peek(USER, "k") is None, within_s=1)
    for each in (one, other):
        assert await each.cache.find_similar(USER, "scope", "How do I sort a list?") is None


async def test_a_value_read_before_a_clear_is_not_accepted_after_it(one: Worker, other: Worker) -> None:
    await one.cache.put(USER, "k", answer("old"))
    stored = await other.redis.run(lambda r: r.get(other.cache.l3_key(USER, "k")))
    assert isinstance(stored, bytes)
    await one.cache.clear_user(USER)
    assert one.cache.accept(USER, "k", stored) is None
    await eventually(lambda: other.cache.accept(USER, "k", stored) is None, within_s=1)
    assert other.cache.peek(USER, "k") is None


async def test_clears_win_over_reads_and_promotions_under_way(redis_url: str, namespace: str) -> None:
    """After a clear has reached everybody, nobody ever sees what was put before it."""
    rng = random.Random(3)
    async with (
        proxied(redis_url) as (proxy, url),
        worker(url, namespace) as slow,
        worker(redis_url, namespace) as quick,
    ):
        proxy.delay_s = lambda: rng.uniform(0, 0.005)
        for number in range(30):
            key = f"k{number % 3}"
            await quick.cache.put(USER, key, answer(str(number)))
            reads = [asyncio.create_task(slow.cache.get(USER, key)) for _ in range(5)]
            await asyncio.sleep(rng.uniform(0, 0.006))
            await rng.choice((slow, quick)).cache.clear_user(USER)
            await asyncio.gather(*reads)
            await eventually(lambda: slow.cache.peek(USER, key) is None, within_s=1)  # noqa: B023 (awaited at once)
            assert await slow.cache.get(USER, key) is None
            assert await quick.cache.get(USER, key) is None


async def test_redis_away_leaves_memory_and_says_so_when_clearing(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as one:
        await proxy.refuse()
        await one.cache.put(USER, "k", answer())
        assert await one.layer() == "l1"
        assert await one.layer("unknown") is None
        with pytest.raises(CacheUnavailable):
            await one.cache.clear_user(USER)
        assert await one.layer() is None


async def test_a_gap_in_the_messages_empties_memory(redis_url: str, namespace: str) -> None:
    async with proxied(redis_url) as (proxy, url), worker(url, namespace) as deaf, worker(redis_url, namespace) as one:
        await one.cache.put(USER, "k", answer())
        assert await deaf.layer() == "l3"
        await proxy.refuse()
        await one.cache.clear_user(USER)
        assert await deaf.layer() == "l1", "it cannot know yet"
        await proxy.start()
        await eventually(lambda: deaf.cache.peek(USER, "k") is None, within_s=2)


async def test_l3_expires_is_bounded_per_user_and_keeps_no_key_for_ever(one: Worker) -> None:
    for number in range(2_010):
        await one.cache.put(USER, str(number), replace(answer(), content=str(number)))
    counts = await one.cache.clear_user(USER)
    assert counts["l3"] == 2_000
    await one.cache.put(USER, "k", answer())
    keys = await one.redis.run(lambda r: r.keys(f"{one.redis.namespace}:*"))
    lifetimes = [await one.redis.run(lambda r, key=key: r.pttl(key)) for key in keys]  # type: ignore[misc]
    assert len(keys) == 3
    assert all(0 < lifetime <= 2 * 86_400_000 for lifetime in lifetimes)
    value = await one.redis.run(lambda r: r.pttl(one.cache.l3_key(USER, "k")))
    assert 0.9 * 86_400_000 - 5_000 < value <= 86_400_000


async def test_sessions_are_shared_and_change_everywhere(one: Worker, other: Worker) -> None:
    assert await one.cache.get_session(USER) is None
    await one.cache.set_session(USER, b"\x00first")
    assert await other.cache.get_session(USER) == b"\x00first"
    await one.cache.set_session(USER, b"second")

    async def sees(value: bytes | None) -> bool:
        return await other.cache.get_session(USER) == value

    await eventually(lambda: sees(b"second"), within_s=1)
    await other.cache.set_session(USER, None)
    await eventually(lambda: sees(None), within_s=1)


async def test_results_of_our_own_functions_are_cached_per_user_and_arguments(one: Worker, other: Worker) -> None:
    calls: list[tuple[str, int]] = []

    async def profile(user_id: str, days: int = 30) -> dict[str, int | str]:
        calls.append((user_id, days))
        return {"user": user_id, "days": days}

    here, there = (each.cache.cached_response(600)(profile) for each in (one, other))
    assert await here("u", 30) == await here("u") == await there(user_id="u") == {"user": "u", "days": 30}
    assert calls == [("u", 30)]
    await here("u", 7)
    await here("v")
    assert calls == [("u", 30), ("u", 7), ("v", 30)]
    one.clock.ahead = 601
    await here("u")
    assert calls[-1] == ("u", 30)
    assert len(calls) == 4
    with pytest.raises(ValueError, match="l9"):
        one.cache.cached_response(60, ("l1", "l9"))


async def test_the_answer_cache_by_its_inputs(one: Worker) -> None:
    inputs = {"agent": "dev", "prompt_version": "v1", "sampling": {"temperature": 0.2}}
    await one.cache.cache_ai_response("question", "model", USER, "context", answer=answer(), **inputs)  # type: ignore[arg-type]
    hit = await one.cache.get_cached_ai_response("question", "model", USER, "context", **inputs)  # type: ignore[arg-type]
    assert hit is not None
    for different in (("other", "model", USER, "context"), ("question", "model", "user_2", "context")):
        assert await one.cache.get_cached_ai_response(*different, **inputs) is None  # type: ignore[arg-type]


async def test_a_layer_is_one_class_and_a_place_in_the_list(redis_url: str, namespace: str) -> None:
    class Shelf(Layer):
        def __init__(self) -> None:
            super().__init__("shelf")
            self.items: dict[tuple[str, str], Item] = {}

        def peek(self, user_id: str, key: str) -> Item | None:
            found = self.items.get((user_id, key))
            self.statistics.count(found)
            return found

        def keep(self, user_id: str, key: str, item: Item) -> None:
            self.items[user_id, key] = item

    near, shelf = MemoryLayer("l1", capacity=1, ttl_s=300), Shelf()
    async with worker(redis_url, namespace, [near, shelf]) as one:
        await one.cache.put(USER, "a", answer("a"))
        await one.cache.put(USER, "b", answer("b"))
        assert [await one.layer("a"), await one.layer("a")] == ["shelf", "l1"]
        statistics = one.cache.statistics()["shelf"]
        assert isinstance(statistics, dict)
        assert (statistics["hits"], statistics["misses"]) == (1, 0)


async def test_statistics_count_per_layer(one: Worker, other: Worker) -> None:
    await one.cache.put(USER, "k", answer())
    await one.layer()
    await one.layer("unknown")
    await other.layer()
    mine, theirs = one.cache.statistics(), other.cache.statistics()
    counts = [
        (layer["hits"], layer["misses"]) for layer in (mine["l1"], mine["l2"], mine["l3"]) if isinstance(layer, dict)
    ]
    assert counts == [(1, 1), (0, 1), (0, 1)]
    l1, l3 = mine["l1"], theirs["l3"]
    assert isinstance(l1, dict)
    assert isinstance(l3, dict)
    assert (l1["items"], l3["hits"]) == (1, 1)
    assert l1["bytes"] > 100


async def test_looking_again_finds_what_was_put_meanwhile_and_counts_no_second_miss(
    one: Worker, other: Worker, namespace: str
) -> None:
    assert await other.cache.get(USER, "k") is None
    before = other.cache.statistics()
    assert await other.cache.look_again(USER, "k") is None
    assert other.cache.statistics() == before
    await one.cache.put(USER, "k", answer())
    found = await other.cache.look_again(USER, "k")
    assert found
    assert (found.layer, found.answer.content) == ("l3", "hello")
    async with worker("redis://127.0.0.1:9/0", namespace) as alone:
        await alone.cache.put(USER, "k", answer("kept here"))
        remembered = await alone.cache.look_again(USER, "k")
        assert remembered
        assert (remembered.layer, remembered.answer.content) == ("l1", "kept here")
