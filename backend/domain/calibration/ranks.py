"""Calibration of the complexity score on an installation's own traffic: score -> rank, by domain. Pure arithmetic.

A rank is the share of own traffic on which the large model is expected to gain less. So "the large model where the
rank is at least 1 - large_share" sends large_share of own traffic there, whatever the traffic is like.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BINS = 100
"""Equal steps of the score by which own traffic is counted."""
HALVINGS = 10
"""Of a bin, to find where in it ranks reach a cut."""
OTHERS = "*"
"""The map of domains that own traffic did not have when the maps were fitted."""

Histograms = Mapping[str, Sequence[int]]
"""Requests of own traffic by domain: BINS counts each, of equal steps of the score from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """maps: ranks by domain at equal steps of the score from 0 to 1, linear in between, never falling.

    Version 0 is uncalibrated: the rank is the score. Raises ValueError for a map that is no such thing.
    """

    version: int = 0
    maps: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for domain, ranks in self.maps.items():
            if len(ranks) < 2 or any(low > high for low, high in zip((0.0, *ranks), (*ranks, 1.0), strict=True)):
                raise ValueError(f"the map of {domain!r} does not rise from 0 to 1")

    @property
    def calibrated(self) -> bool:
        return self.version > 0

    def rank(self, domain: str | None, score: float) -> float:
        """0..1 for a score of 0..1. domain None: unknown."""
        ranks = self.maps.get(domain or OTHERS) or self.maps.get(OTHERS)
        bounded = min(max(score, 0.0), 1.0)
        if ranks is None:
            return bounded
        position = bounded * (len(ranks) - 1)
        step = min(int(position), len(ranks) - 2)
        return ranks[step] + (position - step) * (ranks[step + 1] - ranks[step])


UNCALIBRATED = Calibration()


def bin_of(score: float) -> int:
    """0..BINS - 1 for a score of 0..1."""
    return min(max(int(score * BINS), 0), BINS - 1)


def large_shares(calibration: Calibration, traffic: Histograms, large_share: float) -> dict[str, float]:
    """By domain, the share of the traffic (0..1) that the large model answers at this budget."""
    return {
        domain: sum(count * _share_above(calibration, domain, place, 1 - large_share) for place, count in busy(counts))
        / sum(counts)
        for domain, counts in traffic.items()
        if sum(counts)
    }


def large_share_of(calibration: Calibration, traffic: Histograms, large_share: float) -> float | None:
    """The share of all traffic (0..1) that the large model answers at this budget, None without traffic."""
    total = sum(map(sum, traffic.values()))
    shares = large_shares(calibration, traffic, large_share)
    return sum(share * sum(traffic[domain]) for domain, share in shares.items()) / total if total else None


def busy(counts: Sequence[int]) -> list[tuple[int, int]]:
    """(bin, requests) of the bins that have any."""
    return [(place, count) for place, count in enumerate(counts) if count]


def _share_above(calibration: Calibration, domain: str, place: int, cut: float) -> float:
    """Of a bin's requests, spread evenly over it, those whose rank is at least the cut. Ranks rise, so it is halved."""
    low, high = 0.0, 1.0
    if calibration.rank(domain, place / BINS) >= cut:
        return 1.0
    if calibration.rank(domain, (place + 1) / BINS) < cut:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if calibration.rank(domain, (place + middle) / BINS) >= cut:
            high = middle
        else:
            low = middle
    return 1 - high


def cumulative(points: Sequence[tuple[float, float]], at: float) -> float:
    """The value at a place on a line through (place, value) points that rise strictly; constant outside of them."""
    after = bisect_right(points, (at, float("inf")))
    if after == 0:
        return points[0][1]
    if after == len(points):
        return points[-1][1]
    (low, below), (high, above) = points[after - 1], points[after]
    return below + (at - low) / (high - low) * (above - below)
