"""What is kept of each calibration, and what administrators set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from backend.domain.calibration.evidence import Evidence, QualityLoss
from backend.domain.calibration.fit import Source
from backend.domain.calibration.ranks import Calibration

Cause = Literal["labels", "drift", "asked"]
"""Why it was fitted: labels had gathered, traffic had changed, an administrator asked for it."""

SAMPLE_SHARE = 0.02
"""Of the small model's answers that are compared, where nothing else is set."""
AETHER = "aether"
"""Who fitted what nobody asked for."""


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """daily_budget: pico-dollars that comparisons may cost on a day (UTC), None: nothing is compared.

    sample_share: of the small model's answers (0..1). pinned: nothing is fitted without being asked.
    """

    daily_budget: int | None = None
    sample_share: float = SAMPLE_SHARE
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """How far own traffic has moved since the calibration in use was fitted.

    index: population stability index of the score. excess: share of requests that the large model answered beyond
    the budget (below 0: fewer), 0..1. requests: that both rest on.
    """

    index: float
    excess: float
    requests: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration and how it came about. actor_id: an administrator, or AETHER.

    labels: how many it rests on, by source. large_share: the budget. share_before: what the calibration before would
    send to the large model of the same traffic. shares: by domain, with this one. traffic: what it was ranked by.
    """

    calibration: Calibration
    at: datetime
    actor_id: str
    cause: Cause
    labels: Mapping[Source, int]
    large_share: float
    share_before: float
    share: float
    shares: Mapping[str, float]
    loss: QualityLoss | None
    traffic: Mapping[str, tuple[int, ...]]

    @property
    def version(self) -> int:
        return self.calibration.version

    @property
    def requests(self) -> int:
        return sum(map(sum, self.traffic.values()))


@dataclass(frozen=True, slots=True)
class CalibrationState:
    """What all workers go by. in_use: a version, 0 for none. revision: grows with every change."""

    settings: CalibrationSettings = field(default_factory=CalibrationSettings)
    in_use: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    drift: Drift | None = None
    revision: int = 0
