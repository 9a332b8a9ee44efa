"""Fits the calibration: what the large model gains at a score, learned from labels, ranked over own traffic.

1. Gain: an assumption of where gains lie (a line over the score), moved in height towards each domain's labels, then
   bent towards the labels of each part of the score. Both by the number of labels, so few of them change little.
2. It must not fall with the score: pool adjacent violators (Ayer et al. 1955), weighted.
3. Rank: the share of own traffic with a smaller gain. It needs no labels, only counts of traffic.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend.domain.calibration import BINS, OTHERS, Calibration, Histograms, busy, cumulative

Source = Literal["comparison", "judge", "thumbs", "regeneration"]
Gain = Literal[-1, 0, 1]

WEIGHTS: Mapping[Source, float] = {
    "comparison": 1.0,  # both models answered, and the answers could be checked against each other
    "judge": 1.0,  # both answered, and the large model judged the answers in both orders
    "thumbs": 0.3,  # says how good the small model's answer was, not whether the large one's would have been better
    "regeneration": 0.2,  # people ask again out of curiosity too
}
SAMPLED: tuple[Source, ...] = ("comparison", "judge")
"""Drawn at random from own traffic: only these say how often something happens."""

ASSUMED_RISE = 0.4
"""Of the gain over the whole range of the score, before there are labels."""
DOMAIN_LABELS = 30.0
"""Labels of a domain that count as much as the assumption of how high its gains lie."""
PART_LABELS = 15.0
"""Labels of one part of the score that count as much as the domain's line."""
PARTS = 10
STEPS = 200
"""Of a map: finer than the bins of traffic, because a domain's gains cross those of others between two of them."""
LABELS_NEEDED = 50
"""For a first fit without being asked: with fewer, chance may make routing worse than the uncalibrated score is."""
TIE = 1e-6
"""Among equal gains the score decides."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one request says of the large model's gain over the small one. gain: 1 better, 0 as good, -1 worse.

    score 0..1: uncalibrated. weight: of its source.
    """

    domain: str | None
    score: float
    gain: Gain
    weight: float
    source: Source
    at: datetime


def fit(labels: Sequence[Label], traffic: Histograms, version: int) -> Calibration:
    """The calibration that labels and traffic ask for. Raises ValueError without traffic."""
    domains = sorted(domain for domain, counts in traffic.items() if sum(counts))
    if not domains:
        raise ValueError("there is no traffic to rank by")
    gains = {domain: _gains(label for label in labels if label.domain == domain) for domain in domains}
    gains[OTHERS] = _gains(labels)
    ranked = _ranking({domain: (gains[domain], traffic[domain]) for domain in domains})
    return Calibration(version, {domain: _ranks(knots, ranked) for domain, knots in gains.items()})


def _gains(labels: Iterable[Label]) -> list[float]:
    """The expected gain at BINS + 1 equal steps of the score, rising."""
    known = list(labels)
    weight = sum(label.weight for label in known)
    above = sum(label.weight * (label.gain - ASSUMED_RISE * label.score) for label in known)
    height = above / (weight + DOMAIN_LABELS)
    values, weights = [], []
    for part in range(PARTS):
        own = [label for label in known if min(int(label.score * PARTS), PARTS - 1) == part]
        own_weight = sum(label.weight for label in own)
        assumed = height + ASSUMED_RISE * (part + 0.5) / PARTS
        values.append(
            (sum(label.weight * label.gain for label in own) + PART_LABELS * assumed) / (own_weight + PART_LABELS)
        )
        weights.append(own_weight + PART_LABELS)
    rising = pool_adjacent_violators(values, weights)
    line = [((part + 0.5) / PARTS, value) for part, value in enumerate(rising)]
    return [cumulative(line, step / BINS) + TIE * step / BINS for step in range(BINS + 1)]


def pool_adjacent_violators(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising sequence that is nearest to the values by weighted least squares."""
    pooled: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        block = (value, weight, 1)
        while pooled and pooled[-1][0] > block[0]:
            before = pooled.pop()
            together = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / together, together, before[2] + block[2])
        pooled.append(block)
    return [value for value, _, length in pooled for _ in range(length)]


def _ranking(domains: Mapping[str, tuple[Sequence[float], Sequence[int]]]) -> list[tuple[float, float]]:
    """(gain, share of all traffic with a smaller one), rising: each bin's traffic is spread evenly over its gains."""
    total = sum(sum(counts) for _, counts in domains.values())
    slopes: dict[float, float] = {}
    for knots, counts in domains.values():
        for place, count in busy(counts):
            density = count / total / (knots[place + 1] - knots[place])
            slopes[knots[place]] = slopes.get(knots[place], 0.0) + density
            slopes[knots[place + 1]] = slopes.get(knots[place + 1], 0.0) - density
    points: list[tuple[float, float]] = []
    share = slope = last = 0.0
    for gain in sorted(slopes):
        share += slope * (gain - last)
        points.append((gain, min(max(share, 0.0), 1.0)))
        slope, last = slope + slopes[gain], gain
    return points


def _ranks(knots: Sequence[float], ranked: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    line = [(step / BINS, gain) for step, gain in enumerate(knots)]
    ranks: list[float] = []
    for step in range(STEPS + 1):
        rank = cumulative(ranked, cumulative(line, step / STEPS))
        ranks.append(round(max(rank, ranks[-1] if ranks else 0.0), 6))
    return tuple(ranks)
