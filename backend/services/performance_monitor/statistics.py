"""Figures as the JSON of the dashboard. Durations in seconds, money as decimal strings in USD, ratios 0..1."""

from collections.abc import Mapping
from typing import Any

from backend.domain.alerts import waits_for_a_model
from backend.domain.usage import format_usd
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.measures import errors
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.sketch import Sketch

SLOWEST = 5
TOKENS = ("prompt", "cached_prompt", "completion", "reasoning")
CALLS = ("calls", "ok", "failed", "cancelled", "unsettled", "estimated", "retries", "fallbacks", "unpriced")

Json = dict[str, Any]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def times(sketch: Sketch) -> Json:
    """avg, p50, p95, p99, max in seconds, null where nothing was measured; percentiles within 1%."""
    return {
        "avg": _rounded(sketch.mean),
        "p50": _rounded(sketch.quantile(0.5)),
        "p95": _rounded(sketch.quantile(0.95)),
        "p99": _rounded(sketch.quantile(0.99)),
        "max": _rounded(sketch.largest),
    }


def _requests(series: Series, span_s: float) -> Json:
    total, failed = series.total(), errors(series.counts)
    return {
        "count": total,
        "errors": failed,
        "error_rate": _rounded(failed / total) if total else None,
        "rate": _rounded(total / span_s),
        **times(series.sketch("seconds")),
    }


def performance_stats(figures: Figures, span_s: float) -> Json:
    """rate: requests per second. classes: chat routes wait for a model, api routes do not."""
    classes = {"chat": Series(), "api": Series()}
    for (route, _), series in figures.kind("request"):
        classes["chat" if waits_for_a_model(route) else "api"].merge(series)
    return {
        **_requests(figures.merged("request"), span_s),
        "classes": {name: _requests(series, span_s) for name, series in classes.items()},
        "by_route": [
            {"route": route, "method": method, "statuses": dict(series.counts), **_requests(series, span_s)}
            for (route, method), series in sorted(figures.kind("request"), key=lambda row: -row[1].total())
        ],
        "operations": [
            {"name": name, "outcomes": dict(series.counts), "count": series.total(), **times(series.sketch("seconds"))}
            for (name,), series in sorted(figures.kind("operation"), key=lambda row: -row[1].total())
        ],
    }


def money(counts: Mapping[str, int]) -> Json:
    """unpriced calls are in none of the sums; saved covers calls whose cost and baseline are known."""
    return {
        "cost": format_usd(counts.get("cost", 0)),
        "baseline_cost": format_usd(counts.get("baseline", 0)),
        "saved": format_usd(counts.get("saved", 0)),
    }


def _calls(series: Series) -> Json:
    tokens = {kind: series.counts.get(kind, 0) for kind in TOKENS}
    return {
        **{name: series.counts.get(name, 0) for name in CALLS},
        "tokens": {**tokens, "total": tokens["prompt"] + tokens["completion"]},
        **money(series.counts),
        "latency": times(series.sketch("seconds")),
        "ttft": times(series.sketch("ttft")),
    }


def ai_stats(figures: Figures) -> Json:
    by_model, by_agent = figures.grouped("ai", 0), figures.grouped("ai", 1)
    return {
        **_calls(figures.merged("ai")),
        "by_model": [{"model": model, **_calls(series)} for model, series in sorted(by_model.items())],
        "by_agent": [{"agent": agent, **_calls(series)} for agent, series in sorted(by_agent.items())],
    }


def hit_rate(counts: Mapping[str, int]) -> float | None:
    total = sum(counts.values())
    return _rounded((total - counts.get(MISS, 0)) / total) if total else None


def cache_stats(figures: Figures, layers_by_worker: Mapping[str, Mapping[str, Any]]) -> Json:
    """hits by the layer that answered. workers: what each worker's layers hold."""
    counts = figures.merged("cache").counts
    hits = {layer: amount for layer, amount in sorted(counts.items()) if layer != MISS}
    return {
        "lookups": sum(counts.values()),
        "hits": sum(hits.values()),
        "misses": counts.get(MISS, 0),
        "hit_rate": hit_rate(counts),
        "by_layer": hits,
        "workers": {worker: dict(layers) for worker, layers in sorted(layers_by_worker.items())},
    }


def database_stats(figures: Figures) -> Json:
    commands = [
        {
            "command": command,
            "collection": collection,
            "count": series.total(),
            "failed": series.counts.get("failed", 0),
            **times(series.sketch("seconds")),
        }
        for (command, collection), series in figures.kind("database")
    ]
    merged = figures.merged("database")
    return {
        "count": merged.total(),
        "failed": merged.counts.get("failed", 0),
        **times(merged.sketch("seconds")),
        "commands": sorted(commands, key=lambda row: -row["count"]),
        "slowest": sorted(commands, key=lambda row: -(row["p95"] or 0.0))[:SLOWEST],
    }


def machine_stats(figures: Figures) -> Json:
    """By host: mean and highest ratio of every gauge."""
    return {
        host: {
            name: {"avg": _rounded(sketch.mean), "max": _rounded(sketch.largest)}
            for name, sketch in sorted(series.sketches.items())
        }
        for (host,), series in figures.kind("system")
    }


def point(at: str, figures: Figures, span_s: float) -> Json:
    """One point of the time series."""
    requests, ai, cache = (figures.merged(kind) for kind in ("request", "ai", "cache"))
    gauges = figures.merged("system")
    return {
        "at": at,
        "requests": requests.total(),
        "rate": _rounded(requests.total() / span_s),
        "errors": errors(requests.counts),
        "p50": _rounded(requests.sketch("seconds").quantile(0.5)),
        "p95": _rounded(requests.sketch("seconds").quantile(0.95)),
        "ai_calls": ai.counts.get("calls", 0),
        "ai_p95": _rounded(ai.sketch("seconds").quantile(0.95)),
        "tokens": ai.counts.get("prompt", 0) + ai.counts.get("completion", 0),
        "cost": format_usd(ai.counts.get("cost", 0)),
        "cache_hit_rate": hit_rate(cache.counts),
        "cpu": _rounded(gauges.sketch("cpu").mean),
        "memory": _rounded(gauges.sketch("memory").mean),
    }
