"""Advice on routes, database, answer cache and machine."""

from collections.abc import Iterator

from backend.domain.alerts import format_amount, waits_for_a_model
from backend.services.performance_monitor.advice import SAMPLES_MIN, Recommendation, share_text, time_text
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.measures import HIGH, errors
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.sketch import Sketch

SLOW_API_S = 0.5
SLOW_CHAT_S = 5.0
SLOW_COMMAND_S = 0.1
ERROR_RATE = 0.01
HIT_RATE = 0.05
LOOKUPS_MIN = 50
FULL_RATIO = 0.9


def short(route: str) -> str:
    """A route without the prefix that all of them share: chat/optimized."""
    return route.removeprefix("/api/ai/v4/").removeprefix("/api/").lstrip("/")


def _model_share(figures: Figures) -> str:
    """How much of the chat routes' time went into models; calls that ran side by side may exceed it."""
    spent = sum(
        series.sketch("seconds").total for (route, _), series in figures.kind("request") if waits_for_a_model(route)
    )
    in_models = figures.merged("ai").sketch("seconds").total
    return share_text(min(in_models, spent), spent)


def slow_routes(figures: Figures, span: str) -> Iterator[Recommendation]:
    for route, series in figures.grouped("request", 0).items():
        sketch, chat = series.sketch("seconds"), waits_for_a_model(route)
        high = sketch.quantile(HIGH) or 0.0
        if sketch.size < SAMPLES_MIN or high <= (SLOW_CHAT_S if chat else SLOW_API_S):
            continue
        text = f"p95 of {short(route)} {time_text(high)} over the last {span} ({sketch.size} requests)"
        if chat:
            text += (
                f", models took {_model_share(figures)} of the time of all chat routes: a smaller model, fewer "
                "agents or a lower reasoning effort is what shortens it"
            )
        else:
            text += f": {_database_hint(figures)}"
        yield Recommendation("slow_route", "warning", "performance_stats.by_route.p95", f"{text}.")


def _database_hint(figures: Figures) -> str:
    found = _slowest_command(figures)
    if not found:
        return "the database is not what it waits for (no commands measured), profile the handler"
    name, sketch = found
    return f"the slowest database command beside it is {name}, p95 {time_text(sketch.quantile(HIGH))}"


def _slowest_command(figures: Figures) -> tuple[str, Sketch] | None:
    rows = [(f"{command} on {name}", series.sketch("seconds")) for (command, name), series in figures.kind("database")]
    return max(rows, key=lambda row: row[1].quantile(HIGH) or 0.0, default=None)


def failing_routes(figures: Figures, span: str) -> Iterator[Recommendation]:
    for route, series in figures.grouped("request", 0).items():
        total, failed = series.total(), errors(series.counts)
        if total >= SAMPLES_MIN and failed > total * ERROR_RATE:
            worst = max((s for s in series.counts if s.startswith("5")), key=lambda s: series.counts[s])
            text = (
                f"{share_text(failed, total)} of {total} requests to {short(route)} ended in a server error over the "
                f"last {span}, most with status {worst}: look for that status in the log."
            )
            yield Recommendation("failing_route", "warning", "performance_stats.by_route.errors", text)


def slow_commands(figures: Figures, span: str) -> Iterator[Recommendation]:
    for (command, collection), series in figures.kind("database"):
        sketch = series.sketch("seconds")
        high = sketch.quantile(HIGH) or 0.0
        if sketch.size >= SAMPLES_MIN and high > SLOW_COMMAND_S:
            text = (
                f"p95 of {command} on {collection} {time_text(high)} over the last {span} ({sketch.size} commands): "
                "scripts/seed_indexes.py --explain shows whether an index serves it."
            )
            yield Recommendation("slow_command", "warning", "database_stats.commands.p95", text)


def cache_use(figures: Figures, span: str) -> Iterator[Recommendation]:
    counts = figures.merged("cache").counts
    total = sum(counts.values())
    hits = total - counts.get(MISS, 0)
    if total >= LOOKUPS_MIN and hits < total * HIT_RATE:
        text = (
            f"The answer cache served {hits} of {total} look-ups ({share_text(hits, total)}) over the last {span}: "
            "questions differ, or clients send use_cache=false or a new context every time."
        )
        yield Recommendation("low_cache_use", "info", "cache_stats.hit_rate", text)


def full_machines(figures: Figures, span: str) -> Iterator[Recommendation]:
    advice = {
        "disk": "free or add space before MongoDB stops writing",
        "memory": "lower AETHER_WORKERS or the cache of mongod, or add memory",
    }
    for (host,), series in figures.kind("system"):
        for gauge, remedy in advice.items():
            mean = series.sketch(gauge).mean
            if mean is not None and mean > FULL_RATIO:
                text = f"{gauge} of {host} was {format_amount(mean, 'ratio')} full over the last {span}: {remedy}."
                yield Recommendation(f"full_{gauge}", "warning", f"system.{gauge}", text)
