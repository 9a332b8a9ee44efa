"""What was saved against the large model without a cache: defined here, once. Amounts in pico-dollars.

Negative where more was spent than the large model alone would have cost, as by a cascade whose first answer was given
up, and shown as it is. An amount is unknown as soon as a price that it rests on is, and is then in no sum.
"""

from dataclasses import dataclass

from backend.domain.calibration.evidence import Evidence


def saved_of(cost: int | None, baseline: int | None) -> int | None:
    """baseline - cost, None where one of them is unknown."""
    return None if cost is None or baseline is None else baseline - cost


@dataclass(frozen=True, slots=True)
class Savings:
    """routing: by another model than the large one. cache: by not asking at all, at the price that was not paid."""

    routing: int = 0
    cache: int = 0

    @property
    def total(self) -> int:
        return self.routing + self.cache


NOTHING_SAVED = Savings()


def reuse_savings(cost: int | None, baseline: int | None) -> Savings:
    """Of an answer that was reused: the cache saved what it had cost, routing what it would have cost beyond that."""
    saved = saved_of(cost, baseline)
    return NOTHING_SAVED if cost is None or saved is None else Savings(saved, cost)


def describe(evidence: Evidence) -> str:
    """What is known of the quality that routing's saving has cost, for people. No saving is shown without it."""
    if evidence.loss is None or evidence.low is None or evidence.high is None:
        return "not calibrated: nothing is known of the quality lost"
    told = (
        f"the large model would have answered {evidence.loss:.1%} of the small model's questions better "
        f"(95% interval {evidence.low:.1%} to {evidence.high:.1%}, {evidence.labels} answers compared)"
    )
    return told if evidence.calibrated else f"not calibrated, but compared: {told}"
