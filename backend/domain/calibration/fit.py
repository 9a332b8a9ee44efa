"""Fits the calibration: what the large model gains at a score, learned from labels, ranked over own traffic.

1. Place: the share of own traffic with a smaller score. Scores may crowd anywhere; places are spread evenly.
2. Gain: a line over the place, moved in height towards each domain's labels, then bent towards those of each part of
   the places. All by the number of labels, so few of them change little. Only answers of the small model are labelled,
   so beyond the last label the line goes on.
3. It must not fall with the score: pool adjacent violators (Ayer et al. 1955), weighted.
4. Rank: the share of own traffic with a smaller gain. It needs no labels, only counts of traffic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend.domain.calibration.ranks import BINS, OTHERS, Calibration, Histograms, busy, cumulative

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

ASSUMED_RISE = 0.3
"""Of the gain from the first place to the last, before there are labels."""
RISE_LABELS, RISE_MINIMUM = 100.0, 0.1
"""Labels, spread evenly, that count as much as this assumption; and what is left of it, whatever they say."""
DOMAIN_LABELS = 100.0
"""Labels of a domain that count as much as the assumption that its gains lie as high as those of all."""
PART_LABELS = 40.0
"""Labels of one part of the places that count as much as the domain's line."""
PARTS = 10
STEPS = 400
"""Of a map: finer than the bins of traffic, because a domain's gains cross those of others between two of them."""
LABELS_NEEDED = 50
"""For a first fit without being asked: with fewer, chance may make routing worse than the uncalibrated score is."""
PLACE_TIE, SCORE_TIE = 1e-4, 1e-6
"""Among equal gains the place decides, where nobody ever asked the score."""


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


Points = Sequence[tuple[float, float]]
"""A line: (where, value), where rises strictly."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A label, and the place of its score."""

    label: Label
    place: float


@dataclass(frozen=True, slots=True)
class Line:
    """Gains by place: at 0 the height, at 1 the height and the rise."""

    height: float = 0.0
    rise: float = ASSUMED_RISE

    def at(self, place: float) -> float:
        return self.height + self.rise * place


def fit(labels: Sequence[Label], traffic: Histograms, version: int) -> Calibration:
    """The calibration that labels and traffic ask for. Raises ValueError without traffic."""
    domains = sorted(domain for domain, counts in traffic.items() if sum(counts))
    if not domains:
        raise ValueError("there is no traffic to rank by")
    places = _places([sum(column) for column in zip(*traffic.values(), strict=True)])
    placed = [Placed(label, cumulative(places, label.score)) for label in labels]
    line = _line(placed)
    gains = {OTHERS: _gains(placed, line, places)}
    for domain in domains:
        own = [each for each in placed if (each.label.domain or OTHERS) == domain]
        gains[domain] = _gains(own, line, places)
    ranked = _ranking({domain: (gains[domain], traffic[domain]) for domain in domains})
    return Calibration(version, {domain: _ranks(knots, ranked) for domain, knots in gains.items()})


def _places(counts: Sequence[int]) -> Points:
    """(score, share of own traffic below it) at the edges of the bins."""
    total, below = sum(counts), 0
    points = [(0.0, 0.0)]
    for place, count in enumerate(counts):
        below += count
        points.append(((place + 1) / BINS, below / total))
    return points


def _line(placed: Sequence[Placed]) -> Line:
    """Through the labels of all domains, by least squares; its rise is held near the assumption where they are few."""
    weight = sum(each.label.weight for each in placed)
    if not weight:
        return Line()
    place = sum(each.label.weight * each.place for each in placed) / weight
    gain = sum(each.label.weight * each.label.gain for each in placed) / weight
    assumed = RISE_LABELS / 12  # the spread of places that are even, times the labels
    together = sum(each.label.weight * (each.place - place) * (each.label.gain - gain) for each in placed)
    spread = sum(each.label.weight * (each.place - place) ** 2 for each in placed)
    rise = max((together + assumed * ASSUMED_RISE) / (spread + assumed), RISE_MINIMUM)
    return Line(gain - rise * place, rise)


def _gains(own: Sequence[Placed], line: Line, places: Points) -> list[float]:
    """The expected gain at BINS + 1 equal steps of the score, rising. own: the labels of the domain."""
    weight = sum(each.label.weight for each in own)
    above = sum(each.label.weight * (each.label.gain - line.at(each.place)) for each in own)
    line = Line(line.height + above / (weight + DOMAIN_LABELS), line.rise)
    rising = _bent(own, line)
    gains = []
    for step in range(BINS + 1):
        score = step / BINS
        place = cumulative(places, score)
        gains.append(cumulative(rising, place) + PLACE_TIE * place + SCORE_TIE * score)
    return gains


def _bent(own: Sequence[Placed], line: Line) -> Points:
    """The line, bent towards the labels of each part of the places, and nowhere falling."""
    sums, weights = [0.0] * PARTS, [0.0] * PARTS
    for each in own:
        part = min(int(each.place * PARTS), PARTS - 1)
        sums[part] += each.label.weight * each.label.gain
        weights[part] += each.label.weight
    middles = [(part + 0.5) / PARTS for part in range(PARTS)]
    values = [
        (total + PART_LABELS * line.at(middle)) / (weight + PART_LABELS)
        for total, weight, middle in zip(sums, weights, middles, strict=True)
    ]
    rising = pool_adjacent_violators(values, [weight + PART_LABELS for weight in weights])
    half = line.rise / PARTS / 2
    return [(0.0, rising[0] - half), *zip(middles, rising, strict=True), (1.0, rising[-1] + half)]


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
