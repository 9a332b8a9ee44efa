"""When a calibration is fitted without being asked, and when own traffic is no longer what it was fitted on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from backend.domain.calibration.evidence import stability_index
from backend.domain.calibration.fit import LABELS_NEEDED, SAMPLED, Source
from backend.domain.calibration.history import Cause, Drift, Fitted

REQUESTS_NEEDED = 200
"""Of own traffic, for any fit: fewer do not say what share of it has a score."""
TRAFFIC_DAYS = 14
"""What a fit looks back on."""
DRIFT_DAYS = 2
"""What drift looks back on, today among them."""
DRIFT_REQUESTS = 500
"""Fewer would raise an alarm by chance: of 500, the share of the large model is known to 1.8 points."""
INDEX_LIMIT, EXCESS_LIMIT = 0.25, 0.05
"""Beyond these, of a Drift, traffic has changed or the large model's share has left its budget."""
PAUSE = timedelta(hours=6)
"""Between two fits that nobody asked for."""
MORE_LABELS, MORE_LABELS_SHARE = 25, 0.2
"""Sampled labels since the last fit that are worth another one: at least so many, and such a share of those before."""


def cause_to_fit(
    last: Fitted | None, labels: Mapping[Source, int], requests: int, drift: Drift | None, now: datetime
) -> Cause | None:
    """Why to fit now without being asked, None where there is no cause. labels: kept now, by source."""
    sampled = sum(labels.get(source, 0) for source in SAMPLED)
    if requests < REQUESTS_NEEDED or sampled < LABELS_NEEDED:
        return None
    if last is None:
        return "labels"
    if now - last.at < PAUSE:
        return None
    if drift and (drift.index > INDEX_LIMIT or abs(drift.excess) > EXCESS_LIMIT):
        return "drift"
    before = sum(last.labels.get(source, 0) for source in SAMPLED)
    return "labels" if sampled - before >= max(MORE_LABELS, before * MORE_LABELS_SHARE) else None


def drift_of(last: Fitted | None, now: Mapping[str, Sequence[int]], *, large: int, allowed: float) -> Drift | None:
    """None where there are too few requests to say. large, allowed: of these, answered by the large model, and how
    many the budgets in force allow it. The index is 0 while there is no calibration to have moved from."""
    requests = sum(map(sum, now.values()))
    if requests < DRIFT_REQUESTS:
        return None
    index = stability_index(last.traffic, now) if last else 0.0
    return Drift(round(index, 4), round((large - allowed) / requests, 4), requests)
