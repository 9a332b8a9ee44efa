"""The alerts, one row each: what is measured, from where on it is wrong, for whom it is worded.

A row on a metric that is measured already is all that a new alert takes. Evaluation is in
backend.services.performance_monitor.evaluation, the metrics in its measures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from backend.domain.calibration.rules import EXCESS_LIMIT, INDEX_LIMIT
from backend.domain.similarity.audit import CEILING
from backend.domain.usage import PICO_PER_USD, format_usd

Metric = Literal[
    "api_latency",
    "ai_latency",
    "database_latency",
    "memory",
    "cpu",
    "error_rate",
    "cost",
    "reconciliation",
    "cache_hit_rate",
    "routing_drift",
    "routing_share",
    "similar_answers",
]
Unit = Literal["seconds", "ratio", "usd", "index"]
Severity = Literal["warning", "critical"]
Direction = Literal["above", "below"]
Amount = int | float
"""Seconds, a ratio of 0..1, an index without a unit, or money: integer pico-dollars."""

MODEL_BOUND_ROUTES = ("/api/ai/v4/chat/", "/v1/chat/", "/api/events")
QUICK_ROUTES = ("/api/ai/v4/chat/estimate",)


def waits_for_a_model(route: str) -> bool:
    """True for routes whose time is a model's (or that stay open): the API latency alert leaves them out."""
    return route.startswith(MODEL_BOUND_ROUTES) and route not in QUICK_ROUTES


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert. It fires when the metric over the window is beyond the threshold for fire_after_s, and is resolved
    when it has been back within clear_percent of the threshold (or without enough samples) for clear_after_s.

    threshold None: the alert is off. message: a format string that may name value, threshold, window, samples, subject.
    """

    id: str
    metric: Metric
    unit: Unit
    threshold: Amount | None
    direction: Direction
    window_s: int
    minimum_samples: int
    severity: Severity
    fire_after_s: int
    clear_after_s: int
    clear_percent: int
    message: str

    @property
    def clear_threshold(self) -> Amount | None:
        """Integer thresholds stay integers: money is never a float."""
        if self.threshold is None:
            return None
        if isinstance(self.threshold, int):
            return self.threshold * self.clear_percent // 100
        return self.threshold * self.clear_percent / 100


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that fired. value: what was measured when it did. resolved_value None: there was too little to measure."""

    id: str
    rule: str
    severity: Severity
    unit: Unit
    value: Amount
    threshold: Amount
    window_s: int
    message: str
    fired_at: datetime
    resolved_at: datetime | None = None
    resolved_value: Amount | None = None


ALERTS: tuple[AlertRule, ...] = (
    AlertRule(
        "api_latency",
        metric="api_latency",
        unit="seconds",
        threshold=0.5,
        direction="above",
        window_s=300,
        minimum_samples=20,
        severity="warning",
        fire_after_s=30,
        clear_after_s=120,
        clear_percent=80,
        message="The API is slow: 5% of {samples} requests of the last {window} took longer than {value} "
        "(limit {threshold}). Slowest route: {subject}.",
    ),
    AlertRule(
        "ai_latency",
        metric="ai_latency",
        unit="seconds",
        threshold=5.0,
        direction="above",
        window_s=300,
        minimum_samples=10,
        severity="warning",
        fire_after_s=30,
        clear_after_s=120,
        clear_percent=80,
        message="Models answer slowly: 5% of {samples} calls of the last {window} took longer than {value} "
        "(limit {threshold}). Slowest model: {subject}.",
    ),
    AlertRule(
        "database_latency",
        metric="database_latency",
        unit="seconds",
        threshold=0.3,
        direction="above",
        window_s=300,
        minimum_samples=20,
        severity="warning",
        fire_after_s=30,
        clear_after_s=120,
        clear_percent=80,
        message="MongoDB is slow: 5% of {samples} commands of the last {window} took longer than {value} "
        "(limit {threshold}). Slowest: {subject}.",
    ),
    AlertRule(
        "memory",
        metric="memory",
        unit="ratio",
        threshold=0.85,
        direction="above",
        window_s=120,
        minimum_samples=6,
        severity="critical",
        fire_after_s=60,
        clear_after_s=120,
        clear_percent=94,
        message="Memory runs out: {value} of {subject} in use on average over the last {window} (limit {threshold}).",
    ),
    AlertRule(
        "cpu",
        metric="cpu",
        unit="ratio",
        threshold=0.8,
        direction="above",
        window_s=300,
        minimum_samples=12,
        severity="warning",
        fire_after_s=60,
        clear_after_s=120,
        clear_percent=90,
        message="The processors are busy: {value} of {subject} on average over the last {window} (limit {threshold}).",
    ),
    AlertRule(
        "error_rate",
        metric="error_rate",
        unit="ratio",
        threshold=0.05,
        direction="above",
        window_s=300,
        minimum_samples=20,
        severity="critical",
        fire_after_s=0,
        clear_after_s=120,
        clear_percent=60,
        message="Requests fail: {value} of {samples} requests of the last {window} ended in a server error "
        "(limit {threshold}). Most errors: {subject}.",
    ),
    AlertRule(
        "cost_per_hour",
        metric="cost",
        unit="usd",
        threshold=10 * PICO_PER_USD,
        direction="above",
        window_s=3600,
        minimum_samples=1,
        severity="critical",
        fire_after_s=0,
        clear_after_s=300,
        clear_percent=90,
        message="Models cost {value} in the last {window}, over {samples} calls (limit {threshold}). "
        "Dearest model: {subject}.",
    ),
    AlertRule(
        "reconciliation",
        metric="reconciliation",
        unit="ratio",
        threshold=0.0001,
        direction="above",
        window_s=3600,
        minimum_samples=1,
        severity="warning",
        fire_after_s=0,
        clear_after_s=300,
        clear_percent=50,
        message="The provider reports other usage or another cost than is counted here for {value} of {samples} calls "
        "of the last {window} (limit {threshold}). Most: {subject}. The log has both figures (usage_differs).",
    ),
    AlertRule(
        "cache_hit_rate",
        metric="cache_hit_rate",
        unit="ratio",
        threshold=None,
        direction="below",
        window_s=3600,
        minimum_samples=100,
        severity="warning",
        fire_after_s=300,
        clear_after_s=300,
        clear_percent=110,
        message="The cache answered {value} of {samples} look-ups of the last {window} (target {threshold}).",
    ),
    AlertRule(
        "routing_drift",
        metric="routing_drift",
        unit="index",
        threshold=INDEX_LIMIT,
        direction="above",
        window_s=1800,
        minimum_samples=2,
        severity="warning",
        fire_after_s=0,
        clear_after_s=300,
        clear_percent=80,
        message="Questions are no longer like those that routing was calibrated on: the stability index of {subject} "
        "is {value} (limit {threshold}).",
    ),
    AlertRule(
        "routing_share",
        metric="routing_share",
        unit="ratio",
        threshold=EXCESS_LIMIT,
        direction="above",
        window_s=1800,
        minimum_samples=2,
        severity="warning",
        fire_after_s=0,
        clear_after_s=300,
        clear_percent=80,
        message="Routing does not keep its budget: {subject} is {value} of all questions off it (limit {threshold}).",
    ),
    AlertRule(
        "similar_answers",
        metric="similar_answers",
        unit="ratio",
        threshold=CEILING,
        direction="above",
        window_s=3600,
        minimum_samples=1,
        severity="warning",
        fire_after_s=0,
        clear_after_s=300,
        clear_percent=80,
        message="Answers to similar questions are no longer reused: at least {value} of the hits were false (limit "
        "{threshold}). An administrator switches them on again.",
    ),
)


def with_thresholds(rules: tuple[AlertRule, ...], thresholds: Mapping[str, Amount | None]) -> tuple[AlertRule, ...]:
    """The rules with the thresholds of an operator's settings, by rule id; None switches an alert off."""
    return tuple(replace(rule, threshold=thresholds.get(rule.id, rule.threshold)) for rule in rules)


def format_amount(amount: Amount | None, unit: Unit) -> str:
    """For people: "0.62 s", "91.3%", "12.5 USD", "0.25"."""
    if amount is None:
        return "no figure"
    if unit == "usd":
        return f"{format_usd(int(amount))} USD"
    if unit == "ratio":
        return f"{amount * 100:.3g}%"
    return f"{amount:.3g}" if unit == "index" else f"{amount:.3g} s"


def format_duration(seconds: int) -> str:
    """For people: "5 minutes", "hour"; reads well after "the last"."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return name if seconds == size else f"{seconds // size} {name}s"
    return f"{seconds} seconds"
