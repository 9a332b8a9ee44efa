"""What was saved is counted once, exactly, by its source; what is unknown is in no sum, and more spent is negative."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.domain.calibration.evidence import Evidence
from backend.domain.conversations import Turn, TurnOutcome
from backend.domain.savings import Savings, describe, reuse_savings
from backend.domain.usage import UsageRecord
from backend.services.turn_log.counters import counters_of
from tests.support.monitoring import usage_record

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TURN = Turn("user_1", "conv_1", "req_1", "msg_1", "msg_2", None, "Hi", "dev", NOW, NOW, None)


def counted(*calls: UsageRecord, **outcome: object) -> dict[str, int]:
    ended = replace(TurnOutcome("complete", "", {}, NOW, calls), **outcome)  # type: ignore[arg-type]
    counts: dict[str, int] = {}
    for update in counters_of(TURN, ended).updates():
        for name, amount in update.update["$inc"].items():
            counts[name] = counts.get(name, 0) + amount
    return counts


@pytest.mark.parametrize(
    ("cost", "baseline", "saved"), [(1_000, 3_000, 2_000), (3_000, 1_000, -2_000), (None, 3_000, None), (0, None, None)]
)
def test_a_call_saved_what_the_large_model_would_have_cost_beyond_it(
    cost: int | None, baseline: int | None, saved: int | None
) -> None:
    record = usage_record(cost=cost, baseline=baseline)
    assert record.saved == saved
    assert counted(record).get("saved_routing", 0) == (saved or 0)


def test_a_reused_answer_saved_its_cost_by_the_cache_and_the_rest_by_routing() -> None:
    reused = reuse_savings(1_000, 3_000)
    assert (reused.routing, reused.cache, reused.total) == (2_000, 1_000, 3_000)
    counts = counted(cached=True, baseline=3_000, reused=reused)
    assert (counts["saved_routing"], counts["saved_cache"], counts["baseline"]) == (2_000, 1_000, 3_000)


@pytest.mark.parametrize(("cost", "baseline"), [(None, 3_000), (1_000, None)])
def test_a_reused_answer_of_unknown_price_saved_nothing_that_is_known(cost: int | None, baseline: int | None) -> None:
    assert reuse_savings(cost, baseline) == Savings()


def test_evidence_is_told_with_its_interval_and_its_absence_in_words() -> None:
    assert describe(Evidence()) == "not calibrated: nothing is known of the quality lost"
    known = Evidence(calibrated=True, loss=0.042, low=0.021, high=0.08, labels=310, version=2)
    assert describe(known) == (
        "the large model would have answered 4.2% of the small model's questions better "
        "(95% interval 2.1% to 8.0%, 310 answers compared)"
    )
    assert describe(replace(known, calibrated=False)).startswith("not calibrated, but compared: ")
