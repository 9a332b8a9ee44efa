"""Calibrations as a fit would make them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.domain.calibration.evidence import QualityLoss
from backend.domain.calibration.history import Fitted
from backend.domain.calibration.ranks import BINS, OTHERS, Calibration

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make_fitted(version: int, **changes: object) -> Fitted:
    fitted = Fitted(
        calibration=Calibration(version, {"a.b": (0.0, 0.7, 1.0), OTHERS: (0.0, 1.0)}),
        at=AT + timedelta(hours=version),
        actor_id="user_ada",
        cause="asked",
        labels={"judge": 60},
        large_share=0.4,
        share_before=0.55,
        share=0.4,
        shares={"a.b": 0.4},
        loss=QualityLoss(0.1, 0.05, 0.2, 60),
        traffic={"a.b": tuple(range(BINS))},
    )
    return replace(fitted, **changes)  # type: ignore[arg-type]
