"""What the alerts look at: each metric of backend.domain.alerts as a function of figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.domain.alerts import AlertRule, Metric, waits_for_a_model
from backend.services.performance_monitor.evaluation import Figure
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.storage import Reading

HIGH = 0.95
SUBJECT_SAMPLES_MIN = 5
NOTHING = Figure(None, 0)


@dataclass(frozen=True, slots=True)
class Measure:
    """kind: the only kind of series that it reads. sketches False: of those only the counts."""

    kind: str
    of: Callable[[Figures], Figure]
    sketches: bool = True


def errors(counts: Mapping[str, int]) -> int:
    """Server errors among counts by status."""
    return sum(amount for status, amount in counts.items() if status.startswith("5"))


def _slowest(groups: Iterable[tuple[str, Series]]) -> Figure:
    """p95 over all groups; the subject is the group with the highest p95 of its own, once it has a few samples."""
    total, named = Series(), []
    for name, series in groups:
        sketch = series.sketch("seconds")
        total.merge(series)
        named.append((sketch.size >= SUBJECT_SAMPLES_MIN, sketch.quantile(HIGH) or 0.0, name))
    if not named:
        return NOTHING
    sketch = total.sketch("seconds")
    return Figure(sketch.quantile(HIGH), sketch.size, max(named)[2])


def _api_latency(figures: Figures) -> Figure:
    routes = figures.grouped("request", 0)
    return _slowest((route, series) for route, series in routes.items() if not waits_for_a_model(route))


def _ai_latency(figures: Figures) -> Figure:
    return _slowest(figures.grouped("ai", 0).items())


def _database_latency(figures: Figures) -> Figure:
    return _slowest((f"{labels[0]} on {labels[1]}", series) for labels, series in figures.kind("database"))


def _fullest(figures: Figures, gauge: str, noun: str) -> Figure:
    """The mean of a gauge on the machine where it is highest."""
    machines = [
        (series.sketch(gauge).mean or 0.0, host, series.sketch(gauge)) for (host,), series in figures.kind("system")
    ]
    if not machines:
        return NOTHING
    mean, host, sketch = max(machines, key=lambda machine: machine[:2])
    return Figure(mean, sketch.size, f"{host}'s {noun}")


def _error_rate(figures: Figures) -> Figure:
    routes = figures.grouped("request", 0)
    total = sum(series.total() for series in routes.values())
    if not total:
        return NOTHING
    by_route = {route: errors(series.counts) for route, series in routes.items()}
    return Figure(sum(by_route.values()) / total, total, max(by_route, key=lambda route: by_route[route]))


def _cost(figures: Figures) -> Figure:
    """Pico-dollars of the priced calls."""
    models = figures.grouped("ai", 0)
    if not models:
        return NOTHING
    by_model = {model: series.counts.get("cost", 0) for model, series in models.items()}
    calls = sum(series.counts.get("calls", 0) for series in models.values())
    return Figure(sum(by_model.values()), calls, max(by_model, key=lambda model: by_model[model]))


def _reconciliation(figures: Figures) -> Figure:
    """The share of calls that the vendor reports differently."""
    models = figures.grouped("ai", 0)
    calls = sum(series.counts.get("calls", 0) for series in models.values())
    if not calls:
        return NOTHING
    differing = {model: series.counts.get("differing", 0) for model, series in models.items()}
    return Figure(sum(differing.values()) / calls, calls, max(differing, key=lambda model: differing[model]))


def _cache_hit_rate(figures: Figures) -> Figure:
    counts = figures.merged("cache").counts
    total = sum(counts.values())
    return Figure((total - counts.get(MISS, 0)) / total, total, "the answer cache") if total else NOTHING


def _routing(figures: Figures, name: str, subject: str) -> Figure:
    sketch = figures.merged("routing").sketch(name)
    return Figure(sketch.mean, sketch.size, subject) if sketch.size else NOTHING


def _similar_answers(figures: Figures) -> Figure:
    sketch = figures.merged("similar").sketch("certain")
    return Figure(sketch.largest, sketch.size, "answers to similar questions") if sketch.size else NOTHING


MEASURES: dict[Metric, Measure] = {
    "api_latency": Measure("request", _api_latency),
    "ai_latency": Measure("ai", _ai_latency),
    "database_latency": Measure("database", _database_latency),
    "memory": Measure("system", lambda figures: _fullest(figures, "memory", "memory")),
    "cpu": Measure("system", lambda figures: _fullest(figures, "cpu", "processors")),
    "error_rate": Measure("request", _error_rate, sketches=False),
    "cost": Measure("ai", _cost, sketches=False),
    "reconciliation": Measure("ai", _reconciliation, sketches=False),
    "routing_drift": Measure("routing", lambda figures: _routing(figures, "index", "the complexity score")),
    "routing_share": Measure("routing", lambda figures: _routing(figures, "excess", "the large model's share")),
    "similar_answers": Measure("similar", _similar_answers),
    "cache_hit_rate": Measure("cache", _cache_hit_rate, sketches=False),
}


def measure(rules: Sequence[AlertRule], reading: Reading) -> dict[str, Figure]:
    """Figures by rule id, all rules over this reading. Takes milliseconds: call it in a thread."""
    measures = {rule.id: MEASURES[rule.metric] for rule in rules}
    kinds = frozenset(measure.kind for measure in measures.values())
    merged = reading.figures(kinds, sketches=any(measure.sketches for measure in measures.values()))
    return {rule_id: measure.of(merged) for rule_id, measure in measures.items()}
