"""Second factors: what may happen once happens once, however many try."""

import asyncio
from datetime import UTC, datetime, timedelta

from backend.services.repositories.second_factors import SecondFactorRepository
from backend.services.scalable_database import ScalableDatabase

NOW = datetime(2099, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)


async def enabled(database: ScalableDatabase) -> SecondFactorRepository:
    factors = SecondFactorRepository(database)
    assert await factors.begin("user_ada", "sealed", NOW, LATER)
    assert await factors.enable("user_ada", "sealed", NOW, 100, ["h1", "h2"])
    return factors


async def test_a_factor_is_pending_until_it_is_confirmed(database: ScalableDatabase) -> None:
    factors = SecondFactorRepository(database)
    assert await factors.get("user_ada") is None
    for secret in ("first", "second"):
        assert await factors.begin("user_ada", secret, NOW, LATER)
    pending = await factors.get("user_ada")
    assert pending is not None
    assert (pending.secret, pending.enabled_at, pending.recovery_codes) == ("second", None, ())
    assert not await factors.enable("user_ada", "first", NOW, 1, ["h1"]), "it was begun anew"
    assert not await factors.enable("user_ada", "second", LATER, 1, ["h1"]), "it took too long"
    assert not await factors.enable("user_eve", "second", NOW, 1, ["h1"])
    tries = await asyncio.gather(*(factors.enable("user_ada", "second", NOW, 1, [f"h{n}"]) for n in range(4)))
    assert sorted(tries) == [False, False, False, True]
    found = await factors.get("user_ada")
    assert found is not None
    assert found.enabled_at == NOW
    assert not await factors.begin("user_ada", "third", NOW, LATER)


async def test_a_step_is_taken_by_one_and_takes_those_before_it_along(database: ScalableDatabase) -> None:
    factors = await enabled(database)
    assert not await factors.take_step("user_ada", "sealed", 100)
    taken = await asyncio.gather(*(factors.take_step("user_ada", "sealed", 102) for _ in range(5)))
    assert sorted(taken) == [False] * 4 + [True]
    assert not await factors.take_step("user_ada", "sealed", 101)
    assert not await factors.take_step("user_ada", "another", 103)
    assert not await factors.take_step("user_eve", "sealed", 103)
    assert await factors.take_step("user_ada", "sealed", 103)


async def test_a_recovery_code_is_taken_by_one(database: ScalableDatabase) -> None:
    factors = await enabled(database)
    assert not await factors.take_code("user_eve", "h1")
    taken = await asyncio.gather(*(factors.take_code("user_ada", "h1") for _ in range(5)))
    assert sorted(taken) == [False] * 4 + [True]
    await factors.replace_codes("user_ada", ["h3"])
    assert not await factors.take_code("user_ada", "h2")
    assert await factors.take_code("user_ada", "h3")


async def test_a_removed_factor_is_gone_and_may_be_set_up_anew(database: ScalableDatabase) -> None:
    factors = await enabled(database)
    assert not await factors.remove("user_eve")
    assert await factors.remove("user_ada")
    assert not await factors.remove("user_ada")
    assert not await factors.take_code("user_ada", "h1")
    assert await factors.begin("user_ada", "sealed anew", NOW, LATER)
