"""Calibration: ranks keep the budget on own traffic, labels move them, and few labels move them little."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.calibration.evidence import quality_loss, stability_index
from backend.domain.calibration.fit import LABELS_NEEDED, Gain, Label, Source, fit, pool_adjacent_violators
from backend.domain.calibration.ranks import (
    BINS,
    OTHERS,
    UNCALIBRATED,
    Calibration,
    bin_of,
    large_share_of,
    large_shares,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)


def label(domain: str, score: float, gain: Gain, *, weight: float = 1.0, source: Source = "comparison") -> Label:
    return Label(domain, score, gain, weight, source, AT)


def traffic(scores: Sequence[float]) -> list[int]:
    counts = [0] * BINS
    for score in scores:
        counts[bin_of(score)] += 1
    return counts


EVEN = [10] * BINS


def test_without_a_calibration_the_rank_is_the_score() -> None:
    assert not UNCALIBRATED.calibrated
    assert [UNCALIBRATED.rank("math", score) for score in (-0.5, 0.0, 0.37, 1.0, 1.5)] == [0.0, 0.0, 0.37, 1.0, 1.0]


def test_ranks_are_linear_between_the_steps_of_a_map() -> None:
    calibration = Calibration(1, {"math": (0.0, 0.8, 1.0), OTHERS: (0.5, 0.5)})
    assert [calibration.rank("math", score) for score in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx(
        [0.0, 0.4, 0.8, 0.9, 1.0]
    )
    assert calibration.rank("law", 0.9) == calibration.rank(None, 0.1) == 0.5


@pytest.mark.parametrize("ranks", [(), (0.5,), (0.4, 0.3), (-0.1, 1.0), (0.0, 1.1)])
def test_a_map_that_falls_or_leaves_the_range_is_refused(ranks: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="math"):
        Calibration(1, {"math": ranks})


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 50)), min_size=1, max_size=30))
def test_pooling_rises_keeps_the_mean_and_leaves_rising_values_alone(points: list[tuple[float, float]]) -> None:
    values, weights = [value for value, _ in points], [weight for _, weight in points]
    pooled = pool_adjacent_violators(values, weights)
    assert all(low <= high for low, high in pairwise(pooled))
    weighted = [sum(w * v for v, w in zip(row, weights, strict=True)) for row in (values, pooled)]
    assert weighted[0] == pytest.approx(weighted[1], abs=1e-9)
    assert pool_adjacent_violators(sorted(values), weights) == sorted(values)


def test_pooling_agrees_with_a_worked_example() -> None:
    assert pool_adjacent_violators([1, 3, 2, 4, 3.5, 5], [1, 1, 1, 1, 3, 1]) == pytest.approx(
        [1, 2.5, 2.5, 3.625, 3.625, 5]
    )


COUNTS = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 40), min_size=1, max_size=12).map(
    lambda busy: [busy.get(place, 0) for place in range(BINS)]
)
HISTOGRAMS = st.dictionaries(st.sampled_from(["math", "code", "chat"]), COUNTS, min_size=1)


@settings(deadline=None, max_examples=40)
@given(HISTOGRAMS, st.floats(0.05, 0.95))
def test_the_budget_is_kept_on_any_traffic_without_a_single_label(
    histograms: dict[str, list[int]], large_share: float
) -> None:
    found = large_share_of(fit((), histograms, 1), histograms, large_share)
    assert found == pytest.approx(large_share, abs=0.02)


@settings(deadline=None, max_examples=40)
@given(HISTOGRAMS, st.lists(st.tuples(st.sampled_from(["math", "code"]), st.floats(0, 1), st.sampled_from([-1, 0, 1]))))
def test_ranks_rise_with_the_score_whatever_the_labels_say(
    histograms: dict[str, list[int]], rows: list[tuple[str, float, Gain]]
) -> None:
    calibration = fit([label(*row) for row in rows], histograms, 3)
    assert calibration.version == 3
    for domain in (*histograms, None):
        ranks = [calibration.rank(domain, step / 97) for step in range(98)]
        assert all(low <= high for low, high in pairwise(ranks))


def test_without_traffic_there_is_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="traffic"):
        fit([label("math", 0.5, 1)], {"math": [0] * BINS}, 1)
    assert large_share_of(UNCALIBRATED, {}, 0.4) is None


def test_a_domain_where_the_large_model_gains_gets_more_of_the_budget() -> None:
    histograms = {"math": EVEN, "poems": EVEN}
    few = [label("math", 0.3, 1), label("poems", 0.3, -1)] * 3
    shares = {len(rows): large_shares(fit(rows, histograms, 1), histograms, 0.4) for rows in ([], few, few * 50)}
    assert shares[0]["math"] == pytest.approx(shares[0]["poems"])
    assert shares[0]["math"] < shares[len(few)]["math"] < 0.75 < shares[len(few) * 50]["math"]
    assert shares[len(few) * 50]["poems"] < 0.05


def test_a_label_of_small_weight_moves_less() -> None:
    histograms = {"math": EVEN, "poems": EVEN}
    none = [label("poems", 0.5, 0)] * 30
    heavy, light = (
        large_shares(fit([*none, *[label("math", 0.5, 1, weight=weight)] * 30], histograms, 1), histograms, 0.4)["math"]
        for weight in (1.0, 0.2)
    )
    assert heavy > light > 0.4


def test_the_loss_counts_what_goes_to_the_small_model_and_was_sampled() -> None:
    rows = [label("math", 0.2, 1)] * 10 + [label("math", 0.3, 0)] * 30 + [label("math", 0.3, -1)] * 10
    others = [label("math", 0.9, 1)] * 20 + [label("math", 0.1, 1, source="thumbs", weight=0.3)] * 20
    loss = quality_loss(rows + others, UNCALIBRATED, 0.4)
    assert loss is not None
    assert (loss.share, loss.labels) == (0.2, 50)
    assert (loss.low, loss.high) == pytest.approx((0.1124, 0.3304), abs=1e-4)  # Wilson for 10 of 50
    assert quality_loss(others, UNCALIBRATED, 0.4) is None


def test_the_stability_index_sees_another_distribution_and_not_another_volume() -> None:
    easy, hard = {"math": traffic([0.2] * 900 + [0.7] * 100)}, {"math": traffic([0.2] * 500 + [0.7] * 500)}
    more = {"math": [count * 3 for count in easy["math"]]}
    assert stability_index(easy, more) < 0.01
    assert stability_index(easy, hard) > 0.25
    assert stability_index(easy, hard) == pytest.approx(stability_index(hard, easy))
    with pytest.raises(ValueError, match="traffic"):
        stability_index(easy, {})


@dataclass(frozen=True, slots=True)
class Topic:
    """What is true of a topic: its share of the traffic, how its scores lie (a beta distribution), the large gain."""

    share: float
    scores: tuple[float, float]
    gain: Callable[[float], float]


TOPICS = {
    "math": Topic(0.35, (5, 2), lambda score: 0.1 + 0.6 * score),
    "code": Topic(0.25, (3, 3), lambda score: -0.1 + 0.5 * score),
    "chat": Topic(0.3, (6, 2), lambda score: 0.02),
    "poems": Topic(0.1, (2, 2), lambda score: -0.15 + 0.1 * score),
}
"""Nothing like the uncalibrated score assumes: scores are high everywhere, and gains differ by topic."""
REQUESTS = 5000
STEPS = 10


def requests(rng: random.Random, step: int) -> list[tuple[str, float]]:
    """Chat becomes rarer for some steps, and code more common."""
    moved = 0.02 * min(step, 5)
    shares = [topic.share + {"code": moved, "chat": -moved}.get(name, 0.0) for name, topic in TOPICS.items()]
    return [(name, rng.betavariate(*TOPICS[name].scores)) for name in rng.choices(list(TOPICS), shares, k=REQUESTS)]


def judged(rng: random.Random, domain: str, score: float) -> Gain:
    """One comparison, noisy: its expectation is the true gain."""
    gain, chance = TOPICS[domain].gain(score), rng.random()
    better, worse = 0.08 + max(gain, 0.0), 0.08 + max(-gain, 0.0)
    return 1 if chance < better else -1 if chance < better + worse else 0


def gained(rows: Sequence[tuple[str, float]]) -> float:
    return sum(TOPICS[domain].gain(score) for domain, score in rows) / REQUESTS


def counted(rows: Sequence[tuple[str, float]]) -> dict[str, list[int]]:
    return {name: traffic([score for domain, score in rows if domain == name]) for name in TOPICS}


@pytest.mark.parametrize(("large_share", "seed"), [(0.2, 1), (0.4, 2), (0.4, 3), (0.6, 4)])
def test_with_known_truth_the_share_stays_at_the_budget_and_quality_rises(large_share: float, seed: int) -> None:
    """2% of the small model's answers are compared. Every step is judged on traffic that the fit has not seen."""
    rng = random.Random(seed)
    calibration, labels, recent = UNCALIBRATED, list[Label](), list[tuple[str, float]]()
    shares, better = [], []
    for step in range(STEPS):
        rows = requests(rng, step)
        large = [row for row in rows if calibration.rank(*row) >= 1 - large_share]
        hardest = sorted(rows, key=lambda row: row[1], reverse=True)[: len(large)]
        if calibration.calibrated:
            shares.append(len(large) / REQUESTS)
            better.append(gained(large) - gained(hardest))
        else:
            assert len(large) / REQUESTS > large_share + 0.05, "the uncalibrated score keeps this budget by itself"
        for row in rows:
            if calibration.rank(*row) < 1 - large_share and rng.random() < 0.02:
                labels.append(label(*row, judged(rng, *row)))
        recent = [*recent, *rows][-2 * REQUESTS :]
        if len(labels) >= LABELS_NEEDED:
            calibration = fit(labels, counted(recent), calibration.version + 1)
    assert len(shares) >= 4
    assert all(abs(share - large_share) < 0.05 for share in shares)
    assert abs(sum(shares[-3:]) / 3 - large_share) < 0.015
    assert min(better) > -0.005
    assert sum(better) / len(better) > 0.01


CROWDED = {"law": (30.0, 1.5), "society": (20.0, 1.2), "science": (25.0, 1.4)}
"""Scores of traffic that is harder than what the score was made from: nine in ten beyond 0.85."""


@pytest.mark.parametrize("large_share", [0.2, 0.4])
def test_a_score_that_orders_gains_well_is_not_spoiled_by_labels_of_the_small_models_answers(
    large_share: float,
) -> None:
    """Only those are labelled, so they say nothing of where gains are highest; and scores are crowded at one end."""

    def drawn(rng: random.Random, count: int) -> list[tuple[str, float]]:
        return [(name, rng.betavariate(*CROWDED[name])) for name in rng.choices(list(CROWDED), k=count)]

    def gain(score: float) -> float:
        return 0.02 + 0.5 * score**20

    kept = []
    for seed in range(6):
        rng = random.Random(seed)
        known, fresh = drawn(rng, 3000), drawn(rng, 3000)
        counts = {name: traffic([score for domain, score in known if domain == name]) for name in CROWDED}
        ranked = fit((), counts, 1)
        asked = [row for row in known if ranked.rank(*row) < 1 - large_share][:200]
        calibration = fit([label(*row, int(rng.random() < gain(row[1]))) for row in asked], counts, 2)  # type: ignore[arg-type]
        large = [row for row in fresh if calibration.rank(*row) >= 1 - large_share]
        hardest = sorted(fresh, key=lambda row: row[1], reverse=True)[: len(large)]
        assert abs(len(large) / len(fresh) - large_share) < 0.05
        kept.append(sum(gain(score) for _, score in large) / sum(gain(score) for _, score in hardest))
    assert sum(kept) / len(kept) > 0.96
    assert min(kept) > 0.9
