"""Recording is an append to a queue; folding what was appended into figures happens in the background.

Appending to a deque is atomic, so commands that driver threads report are counted as exactly as requests.
"""

from collections import deque
from collections.abc import Callable, Collection

from backend.domain.usage import UsageRecord
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.scalable_database import CommandEvent

OTHER = "other"
MISS = "miss"
LABEL_VALUES_MAX = 200

Fold = Callable[..., None]


class BoundedLabels:
    """Keeps the number of values of a label bounded: what comes after the first `limit` is "other"."""

    def __init__(self, limit: int = LABEL_VALUES_MAX) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value in self._known:
            return value
        if len(self._known) >= self._limit:
            return OTHER
        self._known.add(value)
        return value


class Recorder:
    """Collects what happens in this worker. record_* may be called on any thread; fold and take on one at a time."""

    def __init__(self, models: Collection[str]) -> None:
        """models: the model ids that get a label of their own, all others are "other"."""
        self._models = frozenset(models)
        self._queue: deque[tuple[Fold, tuple[object, ...]]] = deque()
        self._delta = Figures()
        self._routes, self._methods, self._operations = BoundedLabels(), BoundedLabels(20), BoundedLabels()
        self._agents, self._layers = BoundedLabels(50), BoundedLabels(20)
        self._commands, self._collections = BoundedLabels(100), BoundedLabels(100)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        self._queue.append((self._fold_request, (route, method, status, seconds)))

    def compression(self, encoding: str, before: int, after: int) -> None:
        self._queue.append((self._fold_compression, (encoding, before, after)))

    def operation(self, name: str, outcome: str, seconds: float) -> None:
        self._queue.append((self._fold_operation, (name, outcome, seconds)))

    def ai_call(self, record: UsageRecord) -> None:
        self._queue.append((self._fold_ai_call, (record,)))

    def discrepancy(self, model: str, agent: str) -> None:
        self._queue.append((self._fold_discrepancy, (model, agent)))

    def cache_lookup(self, layer: str, saved: int | None = None) -> None:
        """saved: see PerformanceMonitor.record_cache; a miss saves nothing."""
        self._queue.append((self._fold_cache_lookup, (layer, saved)))

    def database_command(self, event: CommandEvent) -> None:
        self._queue.append((self._fold_database_command, (event,)))

    def gauges(self, host: str, ratios: dict[str, float]) -> None:
        self._queue.append((self._fold_gauges, (host, ratios)))

    def routing(self, index: float, excess: float) -> None:
        self._queue.append((self._fold_routing, (index, excess)))

    def similar(self, certain: float) -> None:
        self._queue.append((self._fold_similar, (certain,)))

    def fold(self, limit: int) -> bool:
        """Counts up to limit events; True while more are waiting."""
        queue = self._queue
        for _ in range(min(limit, len(queue))):
            fold, event = queue.popleft()
            fold(*event)
        return bool(queue)

    def take(self) -> Figures:
        """What was recorded since the last call."""
        self.fold(len(self._queue))
        delta, self._delta = self._delta, Figures()
        return delta

    def _fold_request(self, route: str, method: str, status: int, seconds: float) -> None:
        series = self._delta.of(("request", self._routes(route), self._methods(method)))
        series.count(str(status) if 100 <= status <= 599 else OTHER)
        series.observe("seconds", seconds)

    def _fold_compression(self, encoding: str, before: int, after: int) -> None:
        series = self._delta.of(("compression", encoding))
        for name, amount in (("responses", 1), ("before", before), ("after", after)):
            series.count(name, amount)

    def _fold_operation(self, name: str, outcome: str, seconds: float) -> None:
        series = self._delta.of(("operation", self._operations(name)))
        series.count(outcome)
        series.observe("seconds", seconds)

    def _fold_cache_lookup(self, layer: str, saved: int | None) -> None:
        label = self._layers(layer)
        self._delta.of(("cache",)).count(label)
        if layer == MISS:
            return
        savings = self._delta.of(("cache_savings", label))
        if saved is None:
            savings.count("unpriced")
        else:
            savings.count("saved", saved)

    def _fold_database_command(self, event: CommandEvent) -> None:
        key = ("database", self._commands(event.command), self._collections(event.collection))
        series = self._delta.of(key)
        series.count("ok" if event.ok else "failed")
        series.observe("seconds", event.seconds)

    def _fold_gauges(self, host: str, ratios: dict[str, float]) -> None:
        series = self._delta.of(("system", host))
        for name, ratio in ratios.items():
            series.observe(name, ratio)

    def _fold_discrepancy(self, model: str, agent: str) -> None:
        self._of_call(model, agent).count("differing")

    def _of_call(self, model: str, agent: str) -> Series:
        return self._delta.of(("ai", model if model in self._models else OTHER, self._agents(agent)))

    def _fold_routing(self, index: float, excess: float) -> None:
        series = self._delta.of(("routing",))
        series.observe("index", index)
        series.observe("excess", excess)

    def _fold_similar(self, certain: float) -> None:
        self._delta.of(("similar",)).observe("certain", certain)

    def _fold_ai_call(self, record: UsageRecord) -> None:
        series = self._of_call(record.model, record.agent)
        _count_call(series, record)
        _count_money(series, record)
        if record.outcome == "ok":
            series.observe("seconds", record.latency_s)
        if record.ttft_s is not None:
            series.observe("ttft", record.ttft_s)


def _count_call(series: Series, record: UsageRecord) -> None:
    usage = record.usage
    for name, amount in (
        ("calls", 1),
        (record.outcome, 1),
        ("estimated", int(record.estimated)),
        ("retries", max(record.attempts - 1, 0)),
        ("fallbacks", int(bool(record.fallback_from))),
        ("escalations", int(record.purpose == "escalation")),
        ("prompt", usage.prompt),
        ("cached_prompt", usage.cached_prompt),
        ("completion", usage.completion),
        ("reasoning", usage.reasoning),
    ):
        if amount:
            series.count(name, amount)


def _count_money(series: Series, record: UsageRecord) -> None:
    """Pico-dollars; saved counts only calls whose cost and baseline are both known."""
    if record.cost is None:
        series.count("unpriced")
    else:
        series.count("cost", record.cost)
    if record.baseline is not None:
        series.count("baseline", record.baseline)
    if record.saved is not None:
        series.count("saved", record.saved)
