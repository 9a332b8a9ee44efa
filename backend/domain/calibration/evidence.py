"""What a calibration is known to do: what the small model's answers lose, and whether traffic is still like it was."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.domain.calibration.fit import SAMPLED, Label
from backend.domain.calibration.ranks import BINS, Calibration, Histograms
from backend.domain.proportions import wilson

GROUPS = 10
"""Parts of the score whose shares the stability index compares."""
SMOOTHING = 0.5
"""Requests that each part has beforehand: an empty part is no infinite surprise."""


@dataclass(frozen=True, slots=True)
class QualityLoss:
    """Share (0..1) of the small model's answers that the large model's would have beaten, with its 95% interval.

    labels: sampled comparisons that it rests on.
    """

    share: float
    low: float
    high: float
    labels: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What saving is shown beside. loss, low and high are shares (0..1), None where nothing was compared yet.

    calibrated: fitted on own traffic. version and fitted_at: of the calibration in use, 0 and None without one.
    """

    calibrated: bool = False
    loss: float | None = None
    low: float | None = None
    high: float | None = None
    labels: int = 0
    version: int = 0
    fitted_at: datetime | None = None


def quality_loss(labels: Iterable[Label], calibration: Calibration, large_share: float) -> QualityLoss | None:
    """Over the sampled labels of requests that go to the small model at this budget; None where there are none.

    What people say of answers without being asked is left out: they speak up more often when they are unhappy.
    """
    kept = [
        label
        for label in labels
        if label.source in SAMPLED and calibration.rank(label.domain, label.score) < 1 - large_share
    ]
    if not kept:
        return None
    weight = sum(label.weight for label in kept)
    share = sum(label.weight for label in kept if label.gain > 0) / weight
    effective = weight * weight / sum(label.weight**2 for label in kept)  # Kish's effective sample size
    return QualityLoss(share, *wilson(share, effective), len(kept))


def stability_index(before: Histograms, now: Histograms) -> float:
    """The population stability index of the score: sum of (now - before) * ln(now / before) over parts of it.

    By custom, up to 0.1 is noise, and above 0.25 traffic is another than it was. Raises ValueError without traffic.
    """
    then, today = _shares(before), _shares(now)
    return sum((new - old) * math.log(new / old) for old, new in zip(then, today, strict=True))


def _shares(traffic: Histograms) -> list[float]:
    parts = [SMOOTHING] * GROUPS
    for counts in traffic.values():
        for part, count in zip(_parts(), counts, strict=True):
            parts[part] += count
    total = sum(parts)
    if total == SMOOTHING * GROUPS:
        raise ValueError("there is no traffic to compare")
    return [part / total for part in parts]


def _parts() -> Sequence[int]:
    return [place * GROUPS // BINS for place in range(BINS)]
