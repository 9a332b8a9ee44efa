"""Counts, sums and percentiles of the turns that were played."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from backend.domain.usage import sum_known
from converse.play import Lap, Turn
from converse.receipts import Mode, Receipt


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0..1) of all values does not exceed. Raises ValueError on none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def of(turns: Iterable[Turn], mode: Mode | None = None, lap: Lap | None = None) -> list[Turn]:
    return [turn for turn in turns if mode in (None, turn.mode) and lap in (None, turn.lap)]


def receipts(turns: Iterable[Turn]) -> list[Receipt]:
    return [turn.answer.receipt for turn in turns if turn.answer]


def cost(turns: Iterable[Turn]) -> int | None:
    """Pico-dollars, None as soon as one answer is unpriced."""
    return sum_known([receipt.cost for receipt in receipts(turns)])


def baseline(turns: Iterable[Turn]) -> int | None:
    return sum_known([receipt.baseline for receipt in receipts(turns)])


def count_by_category(turns: Iterable[Turn], *, agents: bool) -> dict[str, Counter[str]]:
    """category -> how many turns each agent answered, or how many answers came from each model."""
    counts: dict[str, Counter[str]] = {}
    for turn in turns:
        if turn.answer:
            names = turn.answer.receipt.agents if agents else turn.answer.receipt.models
            counts.setdefault(turn.category, Counter()).update(names)
    return counts


def errors(turns: Iterable[Turn]) -> Counter[str]:
    """ "mode: message" -> how often; turns that an earlier error left out count by themselves."""
    return Counter(
        f"{turn.mode}: {turn.error or 'left out after an error'}" for turn in turns if turn.error is not None
    )
