"""Reservations: whatever happens in whatever order, a limit is never overshot and nothing is held for ever."""

import asyncio
from collections import Counter as Count
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.services.limiter import Limiter
from backend.services.limiter.ledger import GRANTED, HELD, SPENT, UNKNOWN, Claim, Counter, Ledger
from backend.services.redis_client import RedisClient
from tests.support.waiting import eventually

LIMITS = {"tokens": 100, "cost": 50}
LONG_S, SHORT_S = 600.0, 0.001


@pytest.fixture
async def redis(redis_url: str, namespace: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url, namespace, timeout_s=5)
    yield client
    await client.close()


def claim(redis: RedisClient, id_: str, tokens: int = 10, cost: int = 0, hold_s: float = LONG_S) -> Claim:
    amounts = {"tokens": tokens, "cost": cost}
    counters = tuple(Counter(name, amounts[name], limit) for name, limit in LIMITS.items())
    return Claim(redis.key("user_1", "budget", "today"), id_, counters, hold_s, 3600.0)


async def totals(redis: RedisClient, key: str) -> dict[str, int]:
    stored = await redis.run(lambda r: r.hgetall(key))
    plain = {bytes(name).decode(): bytes(value).decode() for name, value in stored.items()}  # type: ignore[arg-type]
    return {name: int(value) for name, value in plain.items() if name.startswith(("spent:", "held:"))}


async def test_an_account_that_redis_does_not_know_is_seeded_once(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    one = claim(redis, "one")
    assert (await ledger.reserve(one)).state == UNKNOWN
    await asyncio.gather(*(ledger.seed(one, {"tokens": 85, "cost": 1}) for _ in range(5)))
    assert (await ledger.reserve(one)).state == GRANTED
    refused = await ledger.reserve(claim(redis, "two"))
    assert (refused.state, refused.counter) == (HELD, "tokens")
    assert (await ledger.reserve(claim(redis, "three", tokens=16))).state == SPENT


async def test_a_hundred_at_once_never_overshoot(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    await ledger.seed(claim(redis, "seed"), {})
    verdicts = await asyncio.gather(*(ledger.reserve(claim(redis, f"{n}", tokens=10)) for n in range(100)))
    assert Count(verdict.state for verdict in verdicts) == {GRANTED: 10, HELD: 90}


async def test_settling_twice_counts_once_whether_redis_knows_the_claim_or_not(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    known, lent = claim(redis, "known"), claim(redis, "lent")
    await ledger.seed(known, {})
    await ledger.reserve(known)
    for _ in range(2):
        await ledger.settle(known, {"tokens": 7, "cost": 3})
        await ledger.settle(lent, {"tokens": 5, "cost": 1}, unknown=True)
    assert await totals(redis, known.key) == {"spent:tokens": 12, "spent:cost": 4, "held:tokens": 0}
    await ledger.settle(claim(redis, "never granted"), {"tokens": 9})
    assert (await totals(redis, known.key))["spent:tokens"] == 12


async def test_what_a_crash_held_is_free_again_and_a_late_settlement_still_counts(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    crashed = claim(redis, "crashed", tokens=100, hold_s=0.05)
    await ledger.seed(crashed, {})
    assert (await ledger.reserve(crashed)).state == GRANTED
    assert (await ledger.reserve(claim(redis, "next"))).state == HELD

    async def free() -> bool:
        return (await ledger.reserve(claim(redis, "next"))).state == GRANTED

    await eventually(free)
    await ledger.settle(crashed, {"tokens": 60})
    assert (await totals(redis, crashed.key))["spent:tokens"] == 60


async def test_amounts_are_exact_beyond_what_a_float_can_tell_apart(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    big = Claim(redis.key("installation", "spend"), "one", (Counter("month", 2**53 + 1, None),), LONG_S, 60.0)
    await ledger.seed(big, {"month": 2**53 + 1})
    await ledger.reserve(big)
    await ledger.settle(big, {"month": 2**53 + 1})
    assert await totals(redis, big.key) == {"spent:month": 2 * (2**53 + 1), "held:month": 0}


async def test_every_key_of_an_account_expires(redis: RedisClient) -> None:
    ledger = Ledger(redis)
    one = claim(redis, "one")
    await ledger.seed(one, {})
    await ledger.reserve(one)
    for key in one.keys:
        assert 0 < await redis.run(lambda r, key=key: r.pttl(key)) <= 3_600_000  # type: ignore[misc]


@pytest.mark.parametrize("chat", [(20, 60), None])
async def test_admission_counts_reads_and_reserves_in_one_round_trip(
    redis: RedisClient, chat: tuple[int, int] | None
) -> None:
    limiter, ledger = Limiter(redis, chat=chat, auth=None, concurrency=None), Ledger(redis)
    one = claim(redis, "one")
    await ledger.seed(one, {})
    answer = redis.key("user_1", "answer")
    admitted = await limiter.admit("user_1", answer, one)
    assert admitted.verdict is not None
    assert (admitted.stored, admitted.verdict.state) == (None, GRANTED)
    await redis.run(lambda r: r.set(answer, b"known", px=60_000))
    found = await limiter.admit("user_1", answer, claim(redis, "two"))
    assert (found.stored, found.verdict) == (b"known", None)
    assert (await totals(redis, one.key))["held:tokens"] == 10, "a stored answer reserves nothing"


@dataclass
class Model:
    """The script in a few lines of Python. late: spent by requests that outlived their reservation."""

    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LIMITS, 0))
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    open: dict[str, dict[str, int]] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LIMITS, 0))

    def reserve(self, id_: str, amounts: dict[str, int], *, expires: bool) -> str:
        for name, limit in LIMITS.items():
            wanted = self.spent[name] + amounts[name]
            if wanted > limit:
                return SPENT
            if wanted + sum(row[name] for row in self.held.values()) > limit:
                return HELD
        self.open[id_] = amounts
        if not expires:
            self.held[id_] = amounts
        return GRANTED

    def settle(self, id_: str, amounts: dict[str, int]) -> None:
        expired = self.held.pop(id_, None) is None
        if self.open.pop(id_, None) is not None:
            for name, amount in amounts.items():
                self.spent[name] += amount
                self.late[name] += amount if expired else 0


amounts = st.fixed_dictionaries({"tokens": st.integers(0, 60), "cost": st.integers(0, 30)})
steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), amounts, st.booleans()),
        st.tuples(st.just("settle"), st.integers(0, 30), st.integers(0, 100)),
        st.tuples(st.just("release"), st.integers(0, 30)),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_order_agrees_with_the_model(redis_url: str, namespace: str, steps: list[tuple[Any, ...]]) -> None:
    """Reservations that expire at once stand for crashes, whose settlement may come late or never."""
    asyncio.run(_compare(redis_url, namespace, steps))


async def _compare(redis_url: str, namespace: str, steps: list[tuple[Any, ...]]) -> None:
    redis = RedisClient(redis_url, namespace, timeout_s=5)
    ledger, model, claims = Ledger(redis), Model(), list[tuple[Claim, dict[str, int]]]()
    key = claim(redis, "seed").key
    try:
        await redis.run(lambda r: r.delete(key, f"{key}:held"))
        await ledger.seed(claim(redis, "seed"), {})
        for step in steps:
            if step[0] == "reserve":
                wanted = claim(redis, f"{len(claims)}", **step[1], hold_s=-SHORT_S if step[2] else LONG_S)
                claims.append((wanted, step[1]))
                verdict = await ledger.reserve(wanted)
                assert verdict.state == model.reserve(wanted.id, step[1], expires=step[2])
            elif claims:
                settled, reserved = claims[step[1] % len(claims)]
                share = step[2] if step[0] == "settle" else 0
                spent = {name: amount * share // 100 for name, amount in reserved.items()}
                await ledger.settle(settled, spent)
                model.settle(settled.id, spent)
            await ledger.reserve(claim(redis, "probe", tokens=1000))  # drops what has expired, is always refused
            found = await totals(redis, key)
            for name, limit in LIMITS.items():
                held = sum(row[name] for row in model.held.values())
                assert found.get(f"spent:{name}", 0) == model.spent[name]
                assert found.get(f"held:{name}", 0) == held
                assert model.spent[name] + held <= limit + model.late[name]
        for settled, _ in claims:
            await ledger.settle(settled, {})
        found = await totals(redis, key)
        assert all(found.get(f"held:{name}", 0) == 0 for name in LIMITS), "nothing is held for ever"
    finally:
        await redis.close()
