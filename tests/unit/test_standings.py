"""The order of agents and models, and what of the error budget is left."""

import asyncio

import pytest

from backend.domain.availability import Availability
from backend.domain.feedback import Verdicts
from backend.domain.leaderboard import Consumption, Latency, standings
from backend.domain.usage import PICO_PER_USD
from backend.services.reports.recent import Recent
from tests.support.monitoring import Clock

CENT = PICO_PER_USD // 100


def test_many_good_verdicts_stand_above_a_few_perfect_ones() -> None:
    judged = [("few", Verdicts(2, 0)), ("many", Verdicts(90, 10)), ("bad", Verdicts(5, 50)), ("many", Verdicts(5, 0))]
    consumed = [("unjudged", Consumption(1, 1)), ("used", Consumption(9, 9)), ("used", Consumption(1, 1))]
    found = standings(consumed, judged, {"many": Latency(1.0, 0.9, 2.0)})
    assert [row.id for row in found] == ["many", "few", "bad", "used", "unjudged"]
    assert found[0].verdicts == Verdicts(95, 10)
    assert found[0].latency.p95 == 2.0
    assert found[3].consumption.calls == 10


def test_a_dollar_buys_as_many_good_answers_as_calls_by_their_quality() -> None:
    [row] = standings([("dev", Consumption(3, 5, 1, 4 * CENT))], [("dev", Verdicts(3, 1))], {})
    assert row.cost_per_call == CENT
    assert row.quality_per_dollar == 75.0


@pytest.mark.parametrize(
    ("consumption", "verdicts"),
    [
        (Consumption(4, 0, 0, 0), Verdicts(3, 1)),
        (Consumption(4, 4, 4, 0), Verdicts(3, 1)),
        (Consumption(4, 4, 0, 0), Verdicts(3, 1)),
        (Consumption(4, 4, 0, CENT), Verdicts()),
    ],
)
def test_what_is_unknown_is_not_made_up(consumption: Consumption, verdicts: Verdicts) -> None:
    [row] = standings([("dev", consumption)], [("dev", verdicts)], {})
    assert row.quality_per_dollar is None


def test_the_error_budget_is_a_thousandth_of_the_requests() -> None:
    found = Availability(9_000, 1) + Availability(1_000, 3)
    assert (found.share, found.allowed) == (0.9996, 10.0)
    assert found.left == pytest.approx(0.6)
    assert Availability(1_000, 3).left == pytest.approx(-2.0)
    assert (Availability().share, Availability().left) == (None, None)


async def test_results_are_computed_once_at_a_time_and_kept_for_a_while() -> None:
    clock, computed, gate = Clock(), [], asyncio.Event()

    async def compute(key: str) -> int:
        await gate.wait()
        computed.append(key)
        return len(computed)

    recent = Recent(compute, 60.0, clock)
    asking = [asyncio.create_task(recent.get(key)) for key in ("a", "a", "b")]
    gate.set()
    assert sorted(await asyncio.gather(*asking)) == [1, 1, 2]
    clock.pass_s(59.9)
    assert await recent.get("a") == 1
    clock.pass_s(0.2)
    assert await recent.get("a") == 3


async def test_what_fails_is_asked_again() -> None:
    answers = iter((ZeroDivisionError(), 7))

    async def compute(_: str) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recent = Recent(compute, 60.0, Clock())
    with pytest.raises(ZeroDivisionError):
        await recent.get("a")
    assert await recent.get("a") == 7
