"""How well scores say where the large model is worth asking: PGR over the share of questions that it gets.

PGR(c) = (quality(c) - small) / (large - small), where c is the share of questions sent to the large model, those with
the highest scores first (Ong et al., "RouteLLM", arXiv 2406.18665). Questions with equal scores are sent as one: the
curve is a straight line between them, which is what their order by chance is on average.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from random import Random

RESAMPLES = 1_000
LEVEL = 0.95
COST_OF_SMALL = 0.5
"""Of the small model's answer, where the large one's is 1: gpt-oss-20b and 120b have this ratio in every price."""
SAVING = 0.4

Point = tuple[float, float]
"""Share of questions sent to the large model, PGR."""
Curve = list[Point]


def curve(scores: Sequence[float], gains: Sequence[int]) -> Curve:
    """Points of PGR from (0, 0) to (1, 1). Raises ValueError where the large model is not the better one."""
    total = sum(gains)
    if total <= 0:
        raise ValueError("the large model is not better on these questions")
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    sent, gained, points = 0, 0, [(0.0, 0.0)]
    for _, alike in groupby(order, key=lambda at: scores[at]):
        group = list(alike)
        sent, gained = sent + len(group), gained + sum(gains[at] for at in group)
        points.append((sent / len(scores), gained / total))
    return points


def area(points: Curve) -> float:
    """APGR: the area under the curve; 0.5 is what chance has."""
    return sum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))


def share_for(points: Curve, pgr: float) -> float:
    """CPT: the smallest share with at least this PGR."""
    for (left, low), (right, high) in pairwise(points):
        if high >= pgr:
            return left if low >= pgr else left + (pgr - low) / (high - low) * (right - left)
    return 1.0


def at_share(points: Curve, share: float) -> float:
    """PGR at a share."""
    for (left, low), (right, high) in pairwise(points):
        if right >= share:
            return low + (share - left) / (right - left) * (high - low)
    return points[-1][1]


def at_saving(points: Curve) -> float:
    """PGR where 40% is saved over sending everything to the large model."""
    return at_share(points, (1 - SAVING - COST_OF_SMALL) / (1 - COST_OF_SMALL))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


MEASURES: dict[str, Callable[[Curve], float]] = {
    "APGR": area,
    "CPT50": lambda points: share_for(points, 0.5),
    "CPT80": lambda points: share_for(points, 0.8),
    "PGR at 40% saving": at_saving,
}


def judged(scores: Sequence[float], gains: Sequence[int], resamples: int = RESAMPLES) -> dict[str, Figure]:
    """Every measure of scores. Raises ValueError where the large model is not better."""
    whole = curve(scores, gains)
    random = Random(0)  # noqa: S311  resampling, not a secret
    places = range(len(scores))
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    for _ in range(resamples):
        drawn = random.choices(places, k=len(places))
        if sum(gains[at] for at in drawn) <= 0:
            continue
        points = curve([scores[at] for at in drawn], [gains[at] for at in drawn])
        for name, measure in MEASURES.items():
            found[name].append(measure(points))
    return {name: _figure(measure(whole), sorted(found[name])) for name, measure in MEASURES.items()}


def _figure(value: float, drawn: Sequence[float]) -> Figure:
    if not drawn:
        return Figure(value, value, value)
    tail = (1 - LEVEL) / 2
    return Figure(value, drawn[int(tail * len(drawn))], drawn[int((1 - tail) * len(drawn)) - 1])
