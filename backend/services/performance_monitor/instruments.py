"""The Prometheus metrics of one worker: names, HELP texts, labels. Base units; labels from closed sets, no user ids."""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from backend.services.performance_monitor.sketch import BUCKETS, Sketch


class SketchHistogram(Histogram):
    """A histogram that takes the bucket counts of many observations at once."""

    def add(self, sketch: Sketch) -> None:
        self._sum.inc(sketch.total)
        for bucket, count in zip(self._buckets, sketch.buckets, strict=True):
            if count:
                bucket.inc(count)


class Instruments:
    """Every metric, in a registry of its own, so that several may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_request_metrics()
        self._make_ai_metrics()
        self._make_store_metrics()
        self._make_routing_gauges()
        self._make_machine_gauges()
        self._make_worker_gauges()

    def _make_request_metrics(self) -> None:
        counter, histogram = self._counter, self._histogram
        self.requests = counter("http_requests", "HTTP requests answered.", "route", "method", "status")
        self.request_seconds = histogram("http_request", "Time until the response began.", "route", "method")
        self.compressed = counter("http_compressed_responses", "HTTP responses that were compressed.", "encoding")
        self.compressible_bytes = counter("http_compression_input_bytes", "Bytes before compression.", "encoding")
        self.compressed_bytes = counter("http_compression_output_bytes", "Bytes after compression.", "encoding")
        self.operations = counter("operations", "Named operations that ended.", "operation", "outcome")
        self.operation_seconds = histogram("operation", "Time of named operations.", "operation")

    def _make_ai_metrics(self) -> None:
        counter, histogram, of = self._counter, self._histogram, ("model", "agent")
        self.ai_calls = counter("ai_calls", "Calls to models.", *of, "outcome")
        self.ai_retries = counter("ai_retries", "Attempts beyond the first of calls to models.", *of)
        self.ai_escalations = counter(
            "ai_escalations", "Calls to the large model after the small one's answer was given up.", *of
        )
        self.ai_tokens = counter(
            "ai_tokens", "Tokens. cached_prompt is part of prompt, reasoning is part of completion.", *of, "kind"
        )
        self.ai_cost = counter("ai_cost_usd", "Cost of priced calls to models, in US dollars.", *of)
        self.ai_baseline = counter(
            "ai_baseline_cost_usd", "What the largest model would have cost, in US dollars.", *of
        )
        self.ai_differing = counter(
            "ai_differing_calls", "Calls of which the provider reports other usage or another cost.", *of
        )
        self.ai_unpriced = counter("ai_unpriced_calls", "Calls to models without a known price.", *of)
        self.ai_seconds = histogram("ai_call", "Time of calls to models that were answered.", *of)
        self.ai_ttft = histogram("ai_first_token", "Time to the first token of calls to models.", *of)

    def _make_store_metrics(self) -> None:
        counter = self._counter
        self.cache_hits = counter("cache_hits", "Look-ups of answers that a cache layer answered.", "layer")
        self.cache_misses = counter("cache_misses", "Look-ups of answers that no cache layer answered.")
        self.cache_saved = counter(
            "cache_saved_usd", "What asking afresh would have cost instead of reusing answers, in US dollars.", "layer"
        )
        self.commands = counter("database_commands", "MongoDB commands.", "command", "collection", "outcome")
        self.command_seconds = self._histogram("database_command", "Time of MongoDB commands.", "command", "collection")

    def _make_routing_gauges(self) -> None:
        latest = self._latest
        self.routing_drift = latest(
            "routing_drift_ratio", "Stability index of the complexity score since the last fit."
        )
        self.routing_excess = latest("routing_share_excess_ratio", "How far the large model's share is off its budget.")
        self.similar_false = latest(
            "similar_answers_false_ratio", "Least share of false hits among answers to similar questions."
        )

    def _make_machine_gauges(self) -> None:
        latest = self._latest
        self.machine_cpu = latest("machine_cpu_ratio", "Processors in use, 0 to 1.")
        self.machine_memory = latest("machine_memory_ratio", "Memory in use, 0 to 1.")
        self.machine_load = latest("machine_load1", "Load average of the last minute.")
        self.disk_free = latest("data_disk_free_bytes", "Free space on the data directory's disk.")
        self.disk_size = latest("data_disk_size_bytes", "Size of the data directory's disk.")
        self.firing = latest("alerts_firing", "1 for an alert that fires, else 0.", "rule", "severity")

    def _make_worker_gauges(self) -> None:
        total = self._total
        self.workers = total("workers", "Workers that run.")
        self.cpu = total("workers_cpu_ratio", "Processors in use by all workers; 1 is one core.")
        self.memory = total("workers_resident_memory_bytes", "Resident memory of all workers.")
        self.descriptors = total("workers_open_fds", "Open file descriptors of all workers.")
        self.in_flight = total("operations_in_flight", "Named operations that are under way.")
        self.stored = Gauge(
            "aether_monitor_database_reachable",
            "1 where every worker could store its last figures in MongoDB, else 0.",
            registry=self.registry,
            multiprocess_mode="livemin",
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"aether_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> SketchHistogram:
        full_name = f"aether_{name}_duration_seconds"
        return SketchHistogram(full_name, text, labels, registry=self.registry, buckets=BUCKETS)

    def _gauge(self, name: str, text: str, mode: Literal["livemostrecent", "livesum"], *labels: str) -> Gauge:
        return Gauge(f"aether_{name}", text, labels, registry=self.registry, multiprocess_mode=mode)

    def _latest(self, name: str, text: str, *labels: str) -> Gauge:
        """What one worker says is true for all: the newest value counts."""
        return self._gauge(name, text, "livemostrecent", *labels)

    def _total(self, name: str, text: str) -> Gauge:
        return self._gauge(name, text, "livesum")
