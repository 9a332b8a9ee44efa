import math

import pytest

from backend.services.performance_cache.functions import cached


class Store:
    """A cache that never expires anything by itself, and a clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.values: dict[tuple[str, str], bytes] = {}

    def clock(self) -> float:
        return self.now

    async def read(self, user_id: str, key: str) -> bytes | None:
        return self.values.get((user_id, key))

    async def write(self, user_id: str, key: str, body: bytes) -> None:
        self.values[user_id, key] = body


async def test_a_result_is_refreshed_early_the_sooner_the_longer_it_takes() -> None:
    store, chance, computed = Store(), 1.0, 0

    async def slow(user_id: str) -> int:
        nonlocal computed
        computed += 1
        store.now += 10  # what it takes
        return computed

    read = cached(100, store.read, store.write, clock=store.clock, chance=lambda: chance)(slow)
    assert await read("u") == 1
    store.now += 89
    assert await read("u") == 1
    chance = math.exp(-1.0)  # once in e: ahead by one computing time, 10 s
    store.now += 0.5
    assert await read("u") == 1
    store.now += 0.6
    assert await read("u") == 2
    chance = 1.0
    store.now += 99
    assert await read("u") == 2
    store.now += 2
    assert await read("u") == 3


async def test_a_function_without_a_user_or_with_other_arguments_than_json_is_refused() -> None:
    store = Store()

    async def anonymous(days: int) -> int:
        return days

    async def odd(user_id: str, what: object) -> None:
        return None

    with pytest.raises(TypeError, match="user_id"):
        cached(60, store.read, store.write)(anonymous)
    with pytest.raises(TypeError):
        await cached(60, store.read, store.write)(odd)("u", object())
