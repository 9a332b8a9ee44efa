"""The figures as Prometheus text.

With PROMETHEUS_MULTIPROC_DIR in the environment before prometheus_client is imported, workers share their values
through files in that directory and any worker's exposition is that of all; otherwise it is this process's own.
Cost is a float at this edge only, the ledger in MongoDB is exact.
"""

import os
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue, ValueClass

from backend.domain.usage import PICO_PER_USD
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.instruments import Instruments
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.system import SystemSample

MULTIPROCESS = ValueClass is not MutexValue
TOKEN_KINDS = ("prompt", "cached_prompt", "completion", "reasoning")
OUTCOMES = ("ok", "cancelled", "failed", "unsettled")

M = TypeVar("M", bound=MetricWrapperBase)


class _WithoutCreated(Collector):
    """Leaves out the *_created series: they say when a worker started and are no metric of Aether's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


class PrometheusExporter:
    """Adds figures to the metrics. Label children are bound once and kept."""

    def __init__(self) -> None:
        self.metrics = Instruments()
        self._children: dict[tuple[MetricWrapperBase, tuple[str, ...]], MetricWrapperBase] = {}

    def _bound(self, metric: M, *labels: str) -> M:
        child = self._children.get((metric, labels))
        if child is None:
            child = self._children[metric, labels] = metric.labels(*labels)
        return cast(M, child)

    def add(self, delta: Figures) -> None:
        """Counts what was recorded since the last call."""
        metrics = self.metrics
        for key, series in delta.series.items():
            match key:
                case ("request", route, method):
                    for status, amount in series.counts.items():
                        self._bound(metrics.requests, route, method, status).inc(amount)
                    self._bound(metrics.request_seconds, route, method).add(series.sketch("seconds"))
                case ("compression", encoding):
                    self._bound(metrics.compressed, encoding).inc(series.counts["responses"])
                    self._bound(metrics.compressible_bytes, encoding).inc(series.counts["before"])
                    self._bound(metrics.compressed_bytes, encoding).inc(series.counts["after"])
                case ("operation", name):
                    for outcome, amount in series.counts.items():
                        self._bound(metrics.operations, name, outcome).inc(amount)
                    self._bound(metrics.operation_seconds, name).add(series.sketch("seconds"))
                case ("database", command, collection):
                    for outcome, amount in series.counts.items():
                        self._bound(metrics.commands, command, collection, outcome).inc(amount)
                    self._bound(metrics.command_seconds, command, collection).add(series.sketch("seconds"))
                case ("ai", model, agent):
                    self._add_ai(model, agent, series)
                case ("cache",):
                    self._add_cache(series.counts)
                case ("routing",):
                    metrics.routing_drift.set(series.sketch("index").mean or 0.0)
                    metrics.routing_excess.set(series.sketch("excess").mean or 0.0)
                case ("similar",):
                    metrics.similar_false.set(series.sketch("certain").mean or 0.0)
                case ("cache_savings", layer):
                    self._bound(metrics.cache_saved, layer).inc(series.counts.get("saved", 0) / PICO_PER_USD)

    def _add_cache(self, counts: Mapping[str, int]) -> None:
        for layer, amount in counts.items():
            if layer == MISS:
                self.metrics.cache_misses.inc(amount)
            else:
                self._bound(self.metrics.cache_hits, layer).inc(amount)

    def _add_ai(self, model: str, agent: str, series: Series) -> None:
        metrics, counts, labels = self.metrics, series.counts, (model, agent)
        for outcome in OUTCOMES:
            if amount := counts.get(outcome):
                self._bound(metrics.ai_calls, *labels, outcome).inc(amount)
        for kind in TOKEN_KINDS:
            self._bound(metrics.ai_tokens, *labels, kind).inc(counts.get(kind, 0))
        self._bound(metrics.ai_retries, *labels).inc(counts.get("retries", 0))
        self._bound(metrics.ai_escalations, *labels).inc(counts.get("escalations", 0))
        self._bound(metrics.ai_differing, *labels).inc(counts.get("differing", 0))
        self._bound(metrics.ai_unpriced, *labels).inc(counts.get("unpriced", 0))
        self._bound(metrics.ai_cost, *labels).inc(counts.get("cost", 0) / PICO_PER_USD)
        self._bound(metrics.ai_baseline, *labels).inc(counts.get("baseline", 0) / PICO_PER_USD)
        self._bound(metrics.ai_seconds, *labels).add(series.sketch("seconds"))
        self._bound(metrics.ai_ttft, *labels).add(series.sketch("ttft"))

    def set_system(self, sample: SystemSample) -> None:
        metrics = self.metrics
        metrics.machine_cpu.set(sample.cpu)
        metrics.machine_memory.set(sample.memory)
        metrics.machine_load.set(sample.load1)
        metrics.disk_free.set(sample.disk_free_bytes)
        metrics.disk_size.set(sample.disk_size_bytes)
        metrics.workers.set(1)
        metrics.cpu.set(sample.process_cpu)
        metrics.memory.set(sample.process_memory_bytes)
        metrics.descriptors.set(sample.open_fds)

    def set_in_flight(self, operations: int) -> None:
        self.metrics.in_flight.set(operations)

    def set_stored(self, *, stored: bool) -> None:
        self.metrics.stored.set(stored)

    def set_alert(self, rule: str, severity: str, *, firing: bool) -> None:
        self._bound(self.metrics.firing, rule, severity).set(firing)

    def exposition(self) -> bytes:
        """The text format, version 0.0.4."""
        registry = self.metrics.registry
        if MULTIPROCESS:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(_WithoutCreated(registry))

    def close(self) -> None:
        """Takes this worker's gauges out of the shared directory; its counters stay."""
        if MULTIPROCESS:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
