"""Builders for the tests of the monitor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from backend.domain.alerts import ALERTS
from backend.domain.usage import PICO_PER_USD, TokenUsage, UsageRecord
from backend.services.performance_monitor import PerformanceMonitor, WindowName
from backend.services.performance_monitor.shapes import AlertLists, Dashboard
from backend.services.scalable_database import ScalableDatabase

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC).timestamp()
RULES = {rule.id: rule for rule in ALERTS}


class Clock:
    """Seconds since the epoch that pass only when told to."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


def usage_record(**changes: Any) -> UsageRecord:  # noqa: ANN401 - any field of the record
    values: dict[str, Any] = {
        "call": 0,
        "agent": "dev",
        "model": SMALL,
        "usage": TokenUsage(prompt=100, cached_prompt=40, completion=50, reasoning=20),
        "cost": 1_000,
        "baseline": 3_000,
        "price_version": "2026-01",
        "latency_s": 1.5,
        "ttft_s": 0.2,
        "outcome": "ok",
        "purpose": "answer",
        "timestamp": datetime.fromtimestamp(NOON, UTC),
    }
    return UsageRecord(**{**values, **changes})


def make_monitor(database: ScalableDatabase, clock: Clock, worker: str = "w1", **options: Any) -> PerformanceMonitor:  # noqa: ANN401
    values: dict[str, Any] = {
        "cache_statistics": lambda: {"l1": {"hits": 1, "items": 2, "bytes": 300}},
        "cost_per_hour": 10 * PICO_PER_USD,
        "clock": clock,
    }
    return PerformanceMonitor(database, worker=worker, **{**values, **options})


async def shown_by(monitor: PerformanceMonitor, window: WindowName = "1h") -> dict[str, Any]:
    """The dashboard as JSON."""
    return _json(Dashboard, await monitor.dashboard(window))


async def alerts_of(monitor: PerformanceMonitor) -> dict[str, Any]:
    return _json(AlertLists, await monitor.alerts())


def _json(shape: type, value: object) -> dict[str, Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    dumped: dict[str, Any] = adapter.dump_python(value, mode="json")
    return dumped


@asynccontextmanager
async def memory_database() -> AsyncIterator[ScalableDatabase]:
    database = ScalableDatabase("memory://", "aether")
    await database.start()
    try:
        yield database
    finally:
        await database.close()
