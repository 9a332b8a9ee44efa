"""What was saved, in the shapes of the API, and what is known of the quality that it cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from backend.domain.calibration.evidence import Evidence
from backend.domain.doc import Doc
from backend.domain.savings import Savings, describe
from backend.domain.usage import format_usd


@dataclass(frozen=True, slots=True)
class SavedBy:
    """What saved is made of; calls of unknown price are in neither."""

    routing: Annotated[str, Doc("By asking another model than the large one; negative: it cost more; USD, exact")]
    cache: Annotated[str, Doc("By reusing answers: what asking afresh would have cost; USD, exact")]


@dataclass(frozen=True, slots=True)
class SavingsEvidence:
    """What routing's saving has cost in quality, as far as answers were compared."""

    calibrated: Annotated[bool, Doc("Routing was fitted on this installation's own traffic")]
    loss: Annotated[float | None, Doc("Share of small-model answers that the large model's would have beaten, 0 to 1")]
    low: Annotated[float | None, Doc("Lower end of its 95 % interval")]
    high: Annotated[float | None, Doc("Upper end of its 95 % interval")]
    labels: Annotated[int, Doc("Compared answers that it rests on")]
    version: Annotated[int, Doc("Of the calibration in use; 0: none")]
    fitted_at: Annotated[datetime | None, Doc("When that was fitted")]
    text: Annotated[str, Doc("The same in people's words")]


def saved_by(savings: Savings) -> SavedBy:
    return SavedBy(format_usd(savings.routing), format_usd(savings.cache))


def shape_of(evidence: Evidence) -> SavingsEvidence:
    return SavingsEvidence(
        calibrated=evidence.calibrated,
        loss=evidence.loss,
        low=evidence.low,
        high=evidence.high,
        labels=evidence.labels,
        version=evidence.version,
        fitted_at=evidence.fitted_at,
        text=describe(evidence),
    )
