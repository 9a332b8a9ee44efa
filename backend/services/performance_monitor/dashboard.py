"""The dashboard: one reading of all workers' figures as api.md shows it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from backend.domain.alerts import Alert
from backend.domain.usage import format_usd
from backend.services.performance_monitor import statistics
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.recommendations import recommend
from backend.services.performance_monitor.rollups import Document, Window, instant
from backend.services.performance_monitor.statistics import Json
from backend.services.performance_monitor.storage import Reading

SPANS = {"1h": "hour", "24h": "24 hours", "30d": "30 days"}
LIVE_S = 30.0
"""A worker that wrote its status within this time runs."""


def alert_json(alert: Alert) -> Json:
    """As api.md has it; an amount of money is a decimal string in USD, everything else a number."""

    def amount(value: float | None) -> Any:  # noqa: ANN401 - a JSON value
        return format_usd(int(value)) if alert.unit == "usd" and value is not None else value

    return {
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "unit": alert.unit,
        "value": amount(alert.value),
        "threshold": amount(alert.threshold),
        "window": alert.window_s,
        "message": alert.message,
        "fired_at": alert.fired_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "resolved_value": amount(alert.resolved_value),
    }


def _by_bucket(documents: Sequence[Document]) -> dict[Any, Figures]:
    buckets: dict[Any, Figures] = {}
    for document in documents:
        buckets.setdefault(document["bucket"], Figures()).absorb(document["series"])
    return dict(sorted(buckets.items()))


def _live_workers(documents: Sequence[Document], now: float) -> dict[str, Json]:
    """The newest status of every worker that still writes one."""
    newest: dict[str, Json] = {}
    for document in sorted(documents, key=lambda document: document["bucket"]):
        status = document["status"]
        if status and now - status["at"].timestamp() <= LIVE_S:
            newest[document["worker"]] = {**status, "at": status["at"].isoformat()}
    return dict(sorted(newest.items()))


def _current_status(
    minutes: Reading, workers: dict[str, Json], firing: Sequence[Alert], since: float, now: float
) -> Json:
    """The last one to two minutes of all workers."""
    figures = minutes.figures()
    requests = statistics.performance_stats(figures, max(now - since, 1.0))
    severities = {alert.severity for alert in firing}
    return {
        "status": "critical" if "critical" in severities else "warning" if severities else "ok",
        "alerts_firing": len(firing),
        "requests_per_second": requests["rate"],
        "error_rate": requests["error_rate"],
        "p95": requests["p95"],
        "operations_in_flight": sum(status["operations_in_flight"] for status in workers.values()),
        "ai_calls": figures.merged("ai").counts.get("calls", 0),
        "workers": len(workers),
    }


def build(
    window: Window,
    reading: Reading,
    minutes: Reading,
    *,
    minutes_since: float,
    firing: Sequence[Alert],
    resolved: Sequence[Alert],
    now: float,
) -> Json:
    """minutes: the reading of the last minutes, for what is current. Takes milliseconds: call it in a thread."""
    buckets = _by_bucket(reading.documents)
    figures = Figures()
    for one in buckets.values():
        figures.merge(one)
    begins = min((bucket.timestamp() for bucket in buckets), default=float(window.since(now)))
    span_s = max(now - begins, 1.0)
    workers = _live_workers(minutes.documents, now)
    layers = {worker: status["cache"] for worker, status in workers.items()}
    complete = reading.complete and minutes.complete
    return {
        "window": window.name,
        "since": instant(begins).isoformat(),
        "until": instant(now).isoformat(),
        "scope": "all_workers" if complete else "this_worker",
        "notice": None if complete else "MongoDB does not answer: these are the figures of one worker only.",
        "current_status": _current_status(minutes, workers, firing, minutes_since, now),
        "performance_stats": statistics.performance_stats(figures, span_s),
        "ai_stats": statistics.ai_stats(figures),
        "cache_stats": statistics.cache_stats(figures, layers),
        "database_stats": statistics.database_stats(figures),
        "system": {
            "machines": statistics.machine_stats(figures),
            "workers": [{"worker": worker, **status["system"]} for worker, status in workers.items()],
        },
        "recent_metrics": [
            statistics.point(bucket.isoformat(), one, window.level.seconds) for bucket, one in buckets.items()
        ],
        "recent_alerts": [alert_json(alert) for alert in [*firing, *resolved]],
        "recommendations": [asdict(row) for row in recommend(figures, SPANS[window.name])],
    }
