"""The sketch: exact sums, quantiles within 1%, the same after merging and after storage."""

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from bson import BSON
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.services.performance_monitor.sketch import BUCKETS, RELATIVE_ACCURACY, Sketch

DURATIONS = st.lists(st.floats(0, 3600, allow_nan=False), min_size=1, max_size=60)
QUANTILES = (0.0, 0.5, 0.95, 0.99, 1.0)


def sketch_of(values: list[float]) -> Sketch:
    sketch = Sketch()
    for value in values:
        sketch.observe(value)
    return sketch


def exact_quantile(values: list[float], fraction: float) -> float:
    """Nearest rank: the smallest value that at least this fraction does not exceed."""
    rank = next(rank for rank in range(1, len(values) + 1) if rank >= Fraction(str(fraction)) * len(values))
    return sorted(values)[rank - 1]


def quantiles(sketch: Sketch) -> list[float | None]:
    return [sketch.quantile(fraction) for fraction in QUANTILES]


@given(DURATIONS)
@settings(deadline=None)
def test_quantiles_are_within_one_percent(values: list[float]) -> None:
    sketch = sketch_of(values)
    for fraction in QUANTILES:
        expected = exact_quantile(values, fraction)
        assert sketch.quantile(fraction) == pytest.approx(expected, rel=RELATIVE_ACCURACY * 1.001, abs=1e-300)


@given(DURATIONS, DURATIONS)
@settings(deadline=None)
def test_merging_is_as_if_one_had_seen_everything(left: list[float], right: list[float]) -> None:
    merged, whole = sketch_of(left), sketch_of(left + right)
    merged.merge(sketch_of(right))
    assert merged.size == whole.size
    assert merged.total == pytest.approx(whole.total)
    assert merged.largest == whole.largest
    assert quantiles(merged) == quantiles(whole)


@given(DURATIONS, DURATIONS)
@settings(deadline=None)
def test_stored_sketches_merge_like_live_ones(left: list[float], right: list[float]) -> None:
    stored = [BSON.encode(sketch_of(values).encode()).decode() for values in (left, right)]
    merged = Sketch()
    for document in stored:
        merged.absorb(document)
    live = sketch_of(left)
    live.merge(sketch_of(right))
    assert (merged.size, quantiles(merged)) == (live.size, quantiles(live))
    assert merged.total == pytest.approx(live.total)
    assert merged.encode()["bins"] == live.encode()["bins"]


def test_percentiles_are_nearest_rank_never_rounded_down() -> None:
    three = sketch_of([1.0, 2.0, 30.0])
    assert three.quantile(0.5) == pytest.approx(2.0, rel=RELATIVE_ACCURACY)
    assert (three.quantile(0.95), three.quantile(0.99)) == (30.0, 30.0)
    twenty = sketch_of([*[0.0] * 19, 7.0])
    assert (twenty.quantile(0.95), twenty.quantile(0.951)) == (0.0, 7.0)
    hundred = sketch_of([float(number) for number in range(1, 101)])
    assert hundred.quantile(0.07) == pytest.approx(7.0, rel=RELATIVE_ACCURACY)


def test_an_empty_sketch_knows_nothing() -> None:
    empty = Sketch()
    assert (empty.size, empty.mean, empty.largest, empty.quantile(0.5)) == (0, None, None, None)
    absorbed = Sketch()
    absorbed.absorb(empty.encode())
    assert absorbed.mean is None
    absorbed.observe(2.0)
    assert absorbed.quantile(0.99) == pytest.approx(2.0, rel=RELATIVE_ACCURACY)


def test_a_clock_that_was_set_back_counts_as_no_time() -> None:
    assert sketch_of([-1.0, 0.0]).total == 0.0


def test_buckets_count_what_prometheus_would() -> None:
    """A value on a bound belongs to that bucket (le), one past the last to +Inf."""
    values = [0.0, *BUCKETS, *(bound * 1.0001 for bound in BUCKETS)]
    cumulative = [sum(sketch_of(values).buckets[: index + 1]) for index in range(len(BUCKETS) + 1)]
    expected = [sum(value <= bound for value in values) for bound in (*BUCKETS, float("inf"))]
    assert cumulative == expected
    assert all(low <= high for low, high in pairwise(cumulative))


def test_a_minute_of_traffic_is_small_in_storage() -> None:
    source = random.Random(7)
    sketch = sketch_of([source.lognormvariate(-1, 0.6) for _ in range(5000)])
    assert len(BSON.encode(sketch.encode())) < 6000
