"""What the dashboard shows, one class a shape. Durations in seconds, money as decimal strings in USD, shares 0..1."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from backend.domain.alerts import Severity, Unit
from backend.domain.doc import Count, Doc, Usd
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.rollups import WindowName
from backend.services.performance_monitor.system import SystemSample

ByStatus = Annotated[Mapping[str, int], Doc("Answers by HTTP status")]
ByOutcome = Annotated[Mapping[str, int], Doc("Runs by outcome: ok, refused, failed, cancelled")]
ByLayer = Annotated[Mapping[str, int], Doc("Answers found, by the layer that had them: l1, l2, l3, coalesced, similar")]
ErrorRate = Annotated[float | None, Doc("Answers with a 5xx status, as a share of all, 0 to 1; null without any")]
HitRate = Annotated[float | None, Doc("Look-ups that found an answer, as a share of all, 0 to 1; null without any")]


@dataclass(frozen=True, slots=True)
class Times:
    """A distribution of durations in seconds, null where nothing was measured. Nearest-rank percentiles within 1%."""

    avg: Annotated[float | None, Doc("Mean, seconds")]
    p50: Annotated[float | None, Doc("Median, seconds")]
    p95: Annotated[float | None, Doc("95th percentile, seconds")]
    p99: Annotated[float | None, Doc("99th percentile, seconds")]
    max: Annotated[float | None, Doc("Longest, seconds")]


@dataclass(frozen=True, slots=True)
class RequestStats(Times):
    """Requests and how long they took, until the response began."""

    count: Annotated[int, Doc("Requests")]
    errors: Annotated[int, Doc("Answers with a 5xx status")]
    error_rate: ErrorRate
    rate: Annotated[float, Doc("Requests per second, over the time that was measured")]


@dataclass(frozen=True, slots=True)
class RequestClasses:
    chat: Annotated[RequestStats, Doc("Routes that wait for a model")]
    api: Annotated[RequestStats, Doc("All other routes: the API latency alert looks at these")]


@dataclass(frozen=True, slots=True)
class RouteStats(RequestStats):
    route: Annotated[str, Doc("Template of the path; unmatched: no route")]
    method: Annotated[str, Doc("HTTP method; OTHER: none that is known")]
    statuses: ByStatus


@dataclass(frozen=True, slots=True)
class OperationStats(Times):
    """A named operation inside the server."""

    name: Annotated[str, Doc("The operation")]
    outcomes: ByOutcome
    count: Annotated[int, Doc("Runs that ended")]


@dataclass(frozen=True, slots=True)
class PerformanceStats(RequestStats):
    classes: Annotated[RequestClasses, Doc("The same by class of route")]
    by_route: Annotated[tuple[RouteStats, ...], Doc("By route, busiest first")]
    operations: Annotated[tuple[OperationStats, ...], Doc("By operation, busiest first")]


@dataclass(frozen=True, slots=True)
class TokenSums:
    prompt: Annotated[int, Doc("Tokens sent, cached ones included")]
    cached_prompt: Annotated[int, Doc("Of those, read from the vendor's prompt cache")]
    completion: Annotated[int, Doc("Tokens produced, reasoning included")]
    reasoning: Annotated[int, Doc("Of those, reasoning")]
    total: Annotated[int, Doc("prompt + completion")]


@dataclass(frozen=True, slots=True)
class CallStats:
    """Calls to models, as they are in the ledger. Unpriced calls are in none of the sums of money."""

    calls: Annotated[int, Doc("Calls to models")]
    ok: Annotated[int, Doc("Calls that were answered in full")]
    failed: Annotated[int, Doc("Calls that failed")]
    cancelled: Annotated[int, Doc("Calls that were stopped by the caller")]
    unsettled: Annotated[int, Doc("Calls that a crash left open")]
    estimated: Annotated[int, Doc("Calls whose usage the vendor did not report, so it is an estimate")]
    retries: Annotated[int, Doc("Attempts after the first")]
    fallbacks: Annotated[int, Doc("Calls that another model answered")]
    escalations: Annotated[int, Doc("Calls made because a smaller model's answer was checked and given up")]
    unpriced: Annotated[int, Doc("Calls of unknown price")]
    tokens: TokenSums
    cost: Usd
    baseline_cost: Annotated[str, Doc("What the large model would have cost, USD as an exact decimal string")]
    saved: Annotated[
        str,
        Doc("By routing: baseline_cost - cost of the calls where both are known; negative: it cost more; USD, exact"),
    ]
    latency: Annotated[Times, Doc("Until the last token")]
    ttft: Annotated[Times, Doc("Until the first token")]


@dataclass(frozen=True, slots=True)
class ModelStats(CallStats):
    model: Annotated[str, Doc("Model id")]


@dataclass(frozen=True, slots=True)
class AgentStats(CallStats):
    agent: Annotated[str, Doc("Agent id")]


@dataclass(frozen=True, slots=True)
class AIStats(CallStats):
    by_model: tuple[ModelStats, ...]
    by_agent: tuple[AgentStats, ...]


@dataclass(frozen=True, slots=True)
class LayerStats:
    """One layer of one worker's cache, since the worker started. The shared layer does not know what it holds."""

    hits: Count = 0
    misses: Count = 0
    evictions: Annotated[int, Doc("Entries removed to make room")] = 0
    items: Annotated[int, Doc("Entries held now")] = 0
    bytes: Annotated[int, Doc("Bytes held now")] = 0


@dataclass(frozen=True, slots=True)
class WorkerCache:
    worker: Annotated[str, Doc("Worker instance")]
    layers: Annotated[Mapping[str, LayerStats], Doc("By layer: l1, l2, l3")]
    rejected: Annotated[int, Doc("Stored values that were not the reader's own: should be 0")]


@dataclass(frozen=True, slots=True)
class CacheStats:
    lookups: Annotated[int, Doc("Questions that were looked up")]
    hits: Annotated[int, Doc("Those that found an answer")]
    misses: Annotated[int, Doc("Those that found none")]
    hit_rate: HitRate
    by_layer: ByLayer
    saved: Annotated[str, Doc("What asking afresh would have cost: what the reused answers had cost, USD, exact")]
    saved_by_layer: Annotated[Mapping[str, str], Doc("The same by layer, USD, exact")]
    unpriced: Annotated[int, Doc("Reused answers whose cost is unknown: not in saved")]
    workers: Annotated[tuple[WorkerCache, ...], Doc("What each running worker's layers hold and did")]


@dataclass(frozen=True, slots=True)
class CommandStats(Times):
    command: Annotated[str, Doc("MongoDB command")]
    collection: Annotated[str, Doc("Collection; empty where a command has none")]
    count: Annotated[int, Doc("Commands that ended")]
    failed: Annotated[int, Doc("Commands that failed")]


@dataclass(frozen=True, slots=True)
class DatabaseStats(Times):
    count: Annotated[int, Doc("Commands that ended")]
    failed: Annotated[int, Doc("Commands that failed")]
    commands: Annotated[tuple[CommandStats, ...], Doc("By command and collection, most frequent first")]
    slowest: Annotated[tuple[CommandStats, ...], Doc("Those with the highest p95, slowest first")]


@dataclass(frozen=True, slots=True)
class Gauge:
    avg: Annotated[float | None, Doc("Mean over the window, 0 to 1")]
    max: Annotated[float | None, Doc("Highest, 0 to 1")]


@dataclass(frozen=True, slots=True)
class WorkerStatus(SystemSample):
    """A running worker and its machine, now."""

    worker: Annotated[str, Doc("Worker instance: host, process id and a run id")]
    at: Annotated[datetime, Doc("When it was measured")]


@dataclass(frozen=True, slots=True)
class SystemStats:
    machines: Annotated[Mapping[str, Mapping[str, Gauge]], Doc("By host, then by gauge: cpu, memory, disk in use")]
    workers: tuple[WorkerStatus, ...]


@dataclass(frozen=True, slots=True)
class CurrentStatus:
    """The last one to two minutes of all workers."""

    status: Annotated[Literal["ok", "warning", "critical"], Doc("The gravest alert that fires")]
    alerts_firing: Count
    requests_per_second: Annotated[float, Doc("Requests per second")]
    error_rate: ErrorRate
    p95: Annotated[float | None, Doc("95th percentile of all requests, seconds")]
    operations_in_flight: Annotated[int, Doc("Questions being answered now")]
    ai_calls: Annotated[int, Doc("Calls to models that ended")]
    workers: Annotated[int, Doc("Workers that run")]


@dataclass(frozen=True, slots=True)
class Point:
    """One span of the time series: a minute (window 1h), an hour (24h) or a day (30d)."""

    at: Annotated[datetime, Doc("Start of the span")]
    requests: Count
    rate: Annotated[float, Doc("Requests per second")]
    errors: Annotated[int, Doc("Answers with a 5xx status")]
    p50: Annotated[float | None, Doc("Median of all requests, seconds")]
    p95: Annotated[float | None, Doc("95th percentile of all requests, seconds")]
    ai_calls: Annotated[int, Doc("Calls to models")]
    ai_p95: Annotated[float | None, Doc("95th percentile of the calls to models, seconds")]
    tokens: Annotated[int, Doc("Tokens sent and produced")]
    cost: Usd
    cache_hit_rate: HitRate
    cpu: Annotated[float | None, Doc("Processors in use, mean, 0 to 1")]
    memory: Annotated[float | None, Doc("Memory in use, mean, 0 to 1")]


Measured = Annotated[float | str | None, Doc("Seconds or a share 0 to 1 as a number; USD as a decimal string")]


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert that fired. unit says how value, threshold and resolved_value are to be read."""

    id: Annotated[str, Doc("Of this firing")]
    rule: Annotated[str, Doc("The rule, as in docs/operations.md")]
    severity: Annotated[Severity, Doc("warning: look at it today. critical: now")]
    unit: Annotated[Unit, Doc("Of value, threshold and resolved_value")]
    value: Annotated[Measured, Doc("What was measured when it fired: a number, for usd a decimal string")]
    threshold: Annotated[Measured, Doc("The limit: a number, for usd a decimal string")]
    window: Annotated[int, Doc("Span that was looked at, seconds")]
    message: Annotated[str, Doc("For people")]
    fired_at: Annotated[datetime, Doc("When it fired")]
    resolved_at: Annotated[datetime | None, Doc("When it was resolved; null: it still fires")]
    resolved_value: Annotated[
        Measured, Doc("What was measured then; null: it fires, or there was too little to measure")
    ]


@dataclass(frozen=True, slots=True)
class AlertLists:
    firing: Annotated[tuple[AlertView, ...], Doc("Alerts that fire now, newest first")]
    resolved: Annotated[tuple[AlertView, ...], Doc("The last ones that were resolved, newest first")]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One reading of all workers' figures."""

    window: Annotated[WindowName, Doc("Span that was asked for")]
    since: Annotated[datetime, Doc("Start of what was measured in it")]
    until: Annotated[datetime, Doc("Now")]
    scope: Annotated[Literal["all_workers", "this_worker"], Doc("this_worker: MongoDB is away")]
    notice: Annotated[str | None, Doc("For people, where the figures are not complete")]
    current_status: CurrentStatus
    performance_stats: PerformanceStats
    ai_stats: AIStats
    cache_stats: CacheStats
    database_stats: DatabaseStats
    system: SystemStats
    recent_metrics: Annotated[tuple[Point, ...], Doc("The time series, oldest first")]
    recent_alerts: Annotated[tuple[AlertView, ...], Doc("Firing ones first, then resolved ones, newest first")]
    recommendations: Annotated[tuple[Recommendation, ...], Doc("What the figures suggest, warnings first")]
