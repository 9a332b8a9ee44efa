"""What the monitor's recording costs: each kind of event recorded and counted many times, as a worker does."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from backend.domain.usage import TokenUsage, UsageRecord
from backend.services.performance_monitor.prometheus import PrometheusExporter
from backend.services.performance_monitor.recorder import Recorder
from backend.services.scalable_database.listener import CommandEvent

MODEL = "openai/gpt-oss-20b"
EVENTS, COUNTED_TOGETHER = 20_000, 2_000
RECORD = UsageRecord(
    call=0,
    agent="sage",
    model=MODEL,
    usage=TokenUsage(200, 0, 150, 20),
    cost=30_000_000,
    baseline=90_000_000,
    price_version="2026-11",
    latency_s=0.4,
    ttft_s=None,
    outcome="ok",
    purpose="answer",
    timestamp=datetime(2026, 11, 23, tzinfo=UTC),
)
COUNTERS: Mapping[str, str] = {
    "request": "aether_http_requests_total",
    "ai call": "aether_ai_calls_total",
    "cache hit": "aether_cache_hits_total",
    "cache miss": "aether_cache_misses_total",
    "database command": "aether_database_commands_total",
    "operation": "aether_operations_total",
}
"""Each event is counted by one of them: so they tell how many a request makes."""


def recorders(recorder: Recorder) -> Mapping[str, Callable[[float], None]]:
    """By kind of event; each takes the seconds that are recorded."""
    return {
        "request": lambda s: recorder.request("/api/ai/v4/chat/optimized", "POST", 200, s),
        "ai call": lambda _: recorder.ai_call(RECORD),
        "cache hit": lambda _: recorder.cache_lookup("l1", 30_000_000),
        "cache miss": lambda _: recorder.cache_lookup("miss"),
        "database command": lambda s: recorder.database_command(CommandEvent("update", "messages", s, ok=True)),
        "operation": lambda s: recorder.operation("chat", "ok", s),
    }


def cost_us(kind: str) -> float:
    """Microseconds of CPU time for an event of this kind: recorded, counted and put into the metrics."""
    recorder, exporter = Recorder([MODEL]), PrometheusExporter()
    try:
        record = recorders(recorder)[kind]
        started = time.process_time()
        for number in range(EVENTS):
            record(0.001 + number * 1e-6)
            if number % COUNTED_TOGETHER == COUNTED_TOGETHER - 1:
                exporter.add(recorder.take())
        return (time.process_time() - started) / EVENTS * 1e6
    finally:
        exporter.close()


def counted(exposition: str, kind: str) -> float:
    """How many events of this kind a worker has counted, of all labels, by its Prometheus text."""
    name = COUNTERS[kind]
    lines = exposition.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))
