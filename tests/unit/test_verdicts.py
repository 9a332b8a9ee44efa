"""Verdicts: shares, and where they lie with what certainty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.feedback import Verdicts, wilson_interval


def test_without_verdicts_nothing_is_known() -> None:
    assert Verdicts().share is None
    assert wilson_interval(Verdicts()) is None


@pytest.mark.parametrize(
    ("up", "down", "low", "high"),
    [
        (1, 0, 0.2065, 1.0),  # published values (Brown, Cai, DasGupta 2001; Newcombe 1998, method 3)
        (0, 20, 0.0, 0.1611),
        (1, 28, 0.0061, 0.1718),
        (15, 133, 0.0624, 0.1605),
        (81, 182, 0.2553, 0.3662),
    ],
)
def test_intervals_agree_with_published_ones(up: int, down: int, low: float, high: float) -> None:
    found = wilson_interval(Verdicts(up, down))
    assert found is not None
    assert list(found) == pytest.approx([low, high], abs=6e-5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_share_lies_within_and_more_verdicts_are_more_certain(up: int, down: int) -> None:
    verdicts = Verdicts(up, down)
    interval = wilson_interval(verdicts)
    if interval is None:
        assert verdicts.total == 0
        return
    low, high = interval
    assert 0 <= low <= (verdicts.share or 0.0) + 1e-12
    assert (verdicts.share or 0.0) - 1e-12 <= high <= 1
    more = wilson_interval(Verdicts(up * 10, down * 10))
    assert more is not None
    assert more[1] - more[0] < high - low


def test_verdicts_add_up() -> None:
    assert Verdicts(1, 2) + Verdicts(3, 4) == Verdicts(4, 6)
