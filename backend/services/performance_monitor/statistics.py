"""Figures as the shapes of the dashboard."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from backend.domain.alerts import waits_for_a_model
from backend.domain.usage import format_usd
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.measures import errors
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.shapes import (
    AgentStats,
    AIStats,
    CacheStats,
    CommandStats,
    DatabaseStats,
    Gauge,
    ModelStats,
    OperationStats,
    PerformanceStats,
    Point,
    RequestClasses,
    RequestStats,
    RouteStats,
    Times,
    TokenSums,
    WorkerCache,
)
from backend.services.performance_monitor.sketch import Sketch

SLOWEST = 5
POINT_KINDS = frozenset(["request", "ai", "cache", "system"])
"""Kinds of series that a point of the time series is made of."""


class TimesFields(TypedDict):
    avg: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _times(sketch: Sketch) -> TimesFields:
    return {
        "avg": _rounded(sketch.mean),
        "p50": _rounded(sketch.quantile(0.5)),
        "p95": _rounded(sketch.quantile(0.95)),
        "p99": _rounded(sketch.quantile(0.99)),
        "max": _rounded(sketch.largest),
    }


class RequestFields(TimesFields):
    count: int
    errors: int
    error_rate: float | None
    rate: float


def _requests(series: Series, span_s: float) -> RequestFields:
    total, failed = series.total(), errors(series.counts)
    return {
        "count": total,
        "errors": failed,
        "error_rate": _rounded(failed / total) if total else None,
        "rate": round(total / span_s, 6),
        **_times(series.sketch("seconds")),
    }


def request_stats(series: Series, span_s: float) -> RequestStats:
    """span_s: seconds in which the requests came."""
    return RequestStats(**_requests(series, span_s))


def performance_stats(figures: Figures, span_s: float) -> PerformanceStats:
    chat, api = Series(), Series()
    for (route, _), series in figures.kind("request"):
        (chat if waits_for_a_model(route) else api).merge(series)
    routes = sorted(figures.kind("request"), key=lambda row: -row[1].total())
    operations = sorted(figures.kind("operation"), key=lambda row: -row[1].total())
    return PerformanceStats(
        **_requests(figures.merged("request"), span_s),
        classes=RequestClasses(request_stats(chat, span_s), request_stats(api, span_s)),
        by_route=tuple(
            RouteStats(route=route, method=method, statuses=dict(series.counts), **_requests(series, span_s))
            for (route, method), series in routes
        ),
        operations=tuple(
            OperationStats(
                name=name, outcomes=dict(series.counts), count=series.total(), **_times(series.sketch("seconds"))
            )
            for (name,), series in operations
        ),
    )


class CallFields(TypedDict):
    calls: int
    ok: int
    failed: int
    cancelled: int
    unsettled: int
    estimated: int
    retries: int
    fallbacks: int
    escalations: int
    unpriced: int
    tokens: TokenSums
    cost: str
    baseline_cost: str
    saved: str
    latency: Times
    ttft: Times


def _tokens(counts: Mapping[str, int]) -> TokenSums:
    prompt, completion = counts.get("prompt", 0), counts.get("completion", 0)
    return TokenSums(
        prompt, counts.get("cached_prompt", 0), completion, counts.get("reasoning", 0), prompt + completion
    )


def _calls(series: Series) -> CallFields:
    counts = series.counts
    return {
        "calls": counts.get("calls", 0),
        "ok": counts.get("ok", 0),
        "failed": counts.get("failed", 0),
        "cancelled": counts.get("cancelled", 0),
        "unsettled": counts.get("unsettled", 0),
        "estimated": counts.get("estimated", 0),
        "retries": counts.get("retries", 0),
        "fallbacks": counts.get("fallbacks", 0),
        "escalations": counts.get("escalations", 0),
        "unpriced": counts.get("unpriced", 0),
        "tokens": _tokens(counts),
        "cost": format_usd(counts.get("cost", 0)),
        "baseline_cost": format_usd(counts.get("baseline", 0)),
        "saved": format_usd(counts.get("saved", 0)),
        "latency": Times(**_times(series.sketch("seconds"))),
        "ttft": Times(**_times(series.sketch("ttft"))),
    }


def ai_stats(figures: Figures) -> AIStats:
    by_model, by_agent = figures.grouped("ai", 0), figures.grouped("ai", 1)
    return AIStats(
        **_calls(figures.merged("ai")),
        by_model=tuple(ModelStats(model=model, **_calls(series)) for model, series in sorted(by_model.items())),
        by_agent=tuple(AgentStats(agent=agent, **_calls(series)) for agent, series in sorted(by_agent.items())),
    )


def hit_rate(counts: Mapping[str, int]) -> float | None:
    total = sum(counts.values())
    return _rounded((total - counts.get(MISS, 0)) / total) if total else None


def cache_stats(figures: Figures, workers: tuple[WorkerCache, ...]) -> CacheStats:
    counts = figures.merged("cache").counts
    hits = {layer: amount for layer, amount in sorted(counts.items()) if layer != MISS}
    savings = figures.grouped("cache_savings", 0)
    saved = {layer: savings[layer].counts.get("saved", 0) for layer in sorted(savings)}
    return CacheStats(
        lookups=sum(counts.values()),
        hits=sum(hits.values()),
        misses=counts.get(MISS, 0),
        hit_rate=hit_rate(counts),
        by_layer=hits,
        saved=format_usd(sum(saved.values())),
        saved_by_layer={layer: format_usd(amount) for layer, amount in saved.items()},
        unpriced=sum(series.counts.get("unpriced", 0) for series in savings.values()),
        workers=workers,
    )


def database_stats(figures: Figures) -> DatabaseStats:
    commands = [
        CommandStats(
            command=command,
            collection=collection,
            count=series.total(),
            failed=series.counts.get("failed", 0),
            **_times(series.sketch("seconds")),
        )
        for (command, collection), series in figures.kind("database")
    ]
    merged = figures.merged("database")
    return DatabaseStats(
        count=merged.total(),
        failed=merged.counts.get("failed", 0),
        **_times(merged.sketch("seconds")),
        commands=tuple(sorted(commands, key=lambda row: -row.count)),
        slowest=tuple(sorted(commands, key=lambda row: -(row.p95 or 0.0))[:SLOWEST]),
    )


def machine_stats(figures: Figures) -> dict[str, dict[str, Gauge]]:
    """By host and gauge."""
    return {
        host: {
            name: Gauge(_rounded(sketch.mean), _rounded(sketch.largest))
            for name, sketch in sorted(series.sketches.items())
        }
        for (host,), series in figures.kind("system")
    }


def point(at: datetime, figures: Figures, span_s: float) -> Point:
    """One point of the time series."""
    requests, ai, cache = (figures.merged(kind) for kind in ("request", "ai", "cache"))
    gauges = figures.merged("system")
    return Point(
        at=at,
        requests=requests.total(),
        rate=round(requests.total() / span_s, 6),
        errors=errors(requests.counts),
        p50=_rounded(requests.sketch("seconds").quantile(0.5)),
        p95=_rounded(requests.sketch("seconds").quantile(0.95)),
        ai_calls=ai.counts.get("calls", 0),
        ai_p95=_rounded(ai.sketch("seconds").quantile(0.95)),
        tokens=_tokens(ai.counts).total,
        cost=format_usd(ai.counts.get("cost", 0)),
        cache_hit_rate=hit_rate(cache.counts),
        cpu=_rounded(gauges.sketch("cpu").mean),
        memory=_rounded(gauges.sketch("memory").mean),
    )
