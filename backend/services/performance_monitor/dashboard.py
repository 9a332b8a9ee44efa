"""The dashboard: one reading of all workers' figures as docs/api.md shows it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.domain.alerts import Alert
from backend.domain.usage import format_usd
from backend.services.performance_monitor import statistics
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.recommendations import recommend
from backend.services.performance_monitor.rollups import Document, Window, instant
from backend.services.performance_monitor.shapes import (
    AlertLists,
    AlertView,
    CurrentStatus,
    Dashboard,
    LayerStats,
    SystemStats,
    WorkerCache,
    WorkerStatus,
)
from backend.services.performance_monitor.storage import Reading

SPANS = {"1h": "hour", "24h": "24 hours", "30d": "30 days"}
LIVE_S = 30.0
"""A worker that wrote its status within this time runs."""
INCOMPLETE = "MongoDB does not answer: these are the figures of one worker only."

Status = Mapping[str, Any]
"""What a worker stores of itself with its figures (PerformanceMonitor.flush)."""


def alert_view(alert: Alert) -> AlertView:
    def amount(value: float | None) -> float | str | None:
        return format_usd(int(value)) if alert.unit == "usd" and value is not None else value

    return AlertView(
        id=alert.id,
        rule=alert.rule,
        severity=alert.severity,
        unit=alert.unit,
        value=amount(alert.value),
        threshold=amount(alert.threshold),
        window=alert.window_s,
        message=alert.message,
        fired_at=alert.fired_at,
        resolved_at=alert.resolved_at,
        resolved_value=amount(alert.resolved_value),
    )


def alert_lists(firing: Sequence[Alert], resolved: Sequence[Alert]) -> AlertLists:
    return AlertLists(tuple(map(alert_view, firing)), tuple(map(alert_view, resolved)))


def _by_bucket(documents: Sequence[Document]) -> dict[datetime, Figures]:
    """What points of the time series show: a series a kind."""
    buckets: dict[datetime, Figures] = {}
    for document in documents:
        found = buckets.setdefault(document["bucket"], Figures())
        found.absorb(document["series"], kinds=statistics.POINT_KINDS, labels=False)
    return dict(sorted(buckets.items()))


def _live_workers(documents: Sequence[Document], now: float) -> dict[str, Status]:
    """The newest status of every worker that still writes one."""
    newest: dict[str, Status] = {}
    for document in sorted(documents, key=lambda document: document["bucket"]):
        status = document["status"]
        if status and now - status["at"].timestamp() <= LIVE_S:
            newest[document["worker"]] = status
    return dict(sorted(newest.items()))


def _worker_cache(worker: str, cache: Status) -> WorkerCache:
    layers = {name: LayerStats(**counts) for name, counts in cache.items() if isinstance(counts, Mapping)}
    return WorkerCache(worker, layers, cache.get("rejected", 0))


def _current_status(
    minutes: Reading, workers: Mapping[str, Status], firing: Sequence[Alert], since: float, now: float
) -> CurrentStatus:
    figures = minutes.figures()
    requests = statistics.request_stats(figures.merged("request"), max(now - since, 1.0))
    severities = {alert.severity for alert in firing}
    return CurrentStatus(
        status="critical" if "critical" in severities else "warning" if severities else "ok",
        alerts_firing=len(firing),
        requests_per_second=requests.rate,
        error_rate=requests.error_rate,
        p95=requests.p95,
        operations_in_flight=sum(status["operations_in_flight"] for status in workers.values()),
        ai_calls=figures.merged("ai").counts.get("calls", 0),
        workers=len(workers),
    )


def build(
    window: Window,
    reading: Reading,
    minutes: Reading,
    *,
    minutes_since: float,
    firing: Sequence[Alert],
    resolved: Sequence[Alert],
    now: float,
    standing: Iterable[Recommendation] = (),
) -> Dashboard:
    """minutes: the reading of the last minutes, for what is current. standing: advice that rests on no figures.

    Takes milliseconds: call it in a thread.
    """
    buckets = _by_bucket(reading.documents)
    figures = reading.figures()
    begins = min((bucket.timestamp() for bucket in buckets), default=float(window.since(now)))
    span_s = max(now - begins, 1.0)
    workers = _live_workers(minutes.documents, now)
    complete = reading.complete and minutes.complete
    return Dashboard(
        window=window.name,
        since=instant(begins),
        until=instant(now),
        scope="all_workers" if complete else "this_worker",
        notice=None if complete else INCOMPLETE,
        current_status=_current_status(minutes, workers, firing, minutes_since, now),
        performance_stats=statistics.performance_stats(figures, span_s),
        ai_stats=statistics.ai_stats(figures),
        cache_stats=statistics.cache_stats(
            figures, tuple(_worker_cache(worker, status["cache"]) for worker, status in workers.items())
        ),
        database_stats=statistics.database_stats(figures),
        system=SystemStats(
            statistics.machine_stats(figures),
            tuple(
                WorkerStatus(**status["system"], worker=worker, at=status["at"]) for worker, status in workers.items()
            ),
        ),
        recent_metrics=tuple(statistics.point(bucket, one, window.level.seconds) for bucket, one in buckets.items()),
        recent_alerts=tuple(map(alert_view, [*firing, *resolved])),
        recommendations=tuple(recommend(figures, SPANS[window.name], standing)),
    )
