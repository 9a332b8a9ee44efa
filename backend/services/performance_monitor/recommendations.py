"""Recommendations: each computed from figures, each naming the figure that it is about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from backend.domain.alerts import format_amount, waits_for_a_model
from backend.domain.models import CATALOGUE
from backend.domain.usage import format_usd
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.measures import HIGH, errors
from backend.services.performance_monitor.recorder import MISS
from backend.services.performance_monitor.sketch import Sketch

SAMPLES_MIN = 20
SLOW_API_S = 0.5
SLOW_CHAT_S = 5.0
SLOW_TTFT_S = 1.5
SLOW_COMMAND_S = 0.1
ERROR_RATE = 0.01
FAILURE_RATE = 0.02
RETRY_RATE = 0.1
HIT_RATE = 0.05
LOOKUPS_MIN = 50
PROMPT_TOKENS_MIN = 100_000
PROMPT_CACHE_RATE = 0.2
REASONING_SHARE = 0.6
COMPLETION_TOKENS_MIN = 20_000
DEAR_SHARE = 0.8
DEAR_CALLS_SHARE = 0.5
FULL_RATIO = 0.9


@dataclass(frozen=True, slots=True)
class Recommendation:
    """figure: the name of the figure that it rests on. text: for people, with that figure in it."""

    id: str
    severity: Literal["info", "warning"]
    figure: str
    text: str


Rule = Callable[[Figures, str], Iterator[Recommendation]]


def _time(seconds: float | None) -> str:
    return format_amount(seconds, "seconds")


def _share(part: float, whole: float) -> str:
    return format_amount(part / whole, "ratio")


def short(route: str) -> str:
    """A route without the prefix that all of them share: chat/optimized."""
    return route.removeprefix("/api/ai/v4/").removeprefix("/api/").lstrip("/")


def _model_share(figures: Figures) -> str:
    """How much of the chat routes' time went into models; calls that ran side by side may exceed it."""
    spent = sum(
        series.sketch("seconds").total for (route, _), series in figures.kind("request") if waits_for_a_model(route)
    )
    in_models = figures.merged("ai").sketch("seconds").total
    return _share(min(in_models, spent), spent)


def slow_routes(figures: Figures, span: str) -> Iterator[Recommendation]:
    for route, series in figures.grouped("request", 0).items():
        sketch, chat = series.sketch("seconds"), waits_for_a_model(route)
        high = sketch.quantile(HIGH) or 0.0
        if sketch.size < SAMPLES_MIN or high <= (SLOW_CHAT_S if chat else SLOW_API_S):
            continue
        text = f"p95 of {short(route)} {_time(high)} over the last {span} ({sketch.size} requests)"
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
    return f"the slowest database command beside it is {name}, p95 {_time(sketch.quantile(HIGH))}"


def _slowest_command(figures: Figures) -> tuple[str, Sketch] | None:
    rows = [(f"{command} on {name}", series.sketch("seconds")) for (command, name), series in figures.kind("database")]
    return max(rows, key=lambda row: row[1].quantile(HIGH) or 0.0, default=None)


def failing_routes(figures: Figures, span: str) -> Iterator[Recommendation]:
    for route, series in figures.grouped("request", 0).items():
        total, failed = series.total(), errors(series.counts)
        if total >= SAMPLES_MIN and failed > total * ERROR_RATE:
            worst = max((s for s in series.counts if s.startswith("5")), key=lambda s: series.counts[s])
            text = (
                f"{_share(failed, total)} of {total} requests to {short(route)} ended in a server error over the last "
                f"{span}, most with status {worst}: look for that status in the log."
            )
            yield Recommendation("failing_route", "warning", "performance_stats.by_route.errors", text)


def slow_commands(figures: Figures, span: str) -> Iterator[Recommendation]:
    for (command, collection), series in figures.kind("database"):
        sketch = series.sketch("seconds")
        high = sketch.quantile(HIGH) or 0.0
        if sketch.size >= SAMPLES_MIN and high > SLOW_COMMAND_S:
            text = (
                f"p95 of {command} on {collection} {_time(high)} over the last {span} ({sketch.size} commands): "
                "scripts/seed_indexes.py --explain shows whether an index serves it."
            )
            yield Recommendation("slow_command", "warning", "database_stats.commands.p95", text)


def cache_use(figures: Figures, span: str) -> Iterator[Recommendation]:
    counts = figures.merged("cache").counts
    total = sum(counts.values())
    hits = total - counts.get(MISS, 0)
    if total >= LOOKUPS_MIN and hits < total * HIT_RATE:
        text = (
            f"The answer cache served {hits} of {total} look-ups ({_share(hits, total)}) over the last {span}: "
            "questions differ, or clients send use_cache=false or a new context every time."
        )
        yield Recommendation("low_cache_use", "info", "cache_stats.hit_rate", text)


def _by_model(figures: Figures) -> list[tuple[str, Series]]:
    return list(figures.grouped("ai", 0).items())


def failing_models(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        calls, failed = series.counts.get("calls", 0), series.counts.get("failed", 0)
        if calls >= SAMPLES_MIN and failed > calls * FAILURE_RATE:
            text = (
                f"{_share(failed, calls)} of {calls} calls to {model} failed over the last {span}: check the "
                "provider's status and limits, or choose another model for its tier."
            )
            yield Recommendation("failing_model", "warning", "ai_stats.by_model.failed", text)


def retried_models(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        calls, retries = series.counts.get("calls", 0), series.counts.get("retries", 0)
        if calls >= SAMPLES_MIN and retries > calls * RETRY_RATE:
            text = (
                f"{model} needed {retries} further attempts for {calls} calls over the last {span}: the provider's "
                "rate limit is near, raise it or lower AETHER_LIMIT_CHAT."
            )
            yield Recommendation("retried_model", "warning", "ai_stats.by_model.retries", text)


def slow_first_tokens(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        sketch = series.sketch("ttft")
        high = sketch.quantile(HIGH) or 0.0
        if sketch.size >= SAMPLES_MIN and high > SLOW_TTFT_S:
            text = (
                f"p95 of the time to the first token of {model} {_time(high)} over the last {span} ({sketch.size} "
                "calls): shorter prompts, or prefixes that the vendor's prompt cache knows, start sooner."
            )
            yield Recommendation("slow_first_token", "info", "ai_stats.by_model.ttft.p95", text)


def prompt_cache(figures: Figures, span: str) -> Iterator[Recommendation]:
    counts = figures.merged("ai").counts
    prompt, cached = counts.get("prompt", 0), counts.get("cached_prompt", 0)
    if prompt >= PROMPT_TOKENS_MIN and cached < prompt * PROMPT_CACHE_RATE:
        text = (
            f"The vendor's prompt cache served {_share(cached, prompt)} of {prompt} prompt tokens over the last "
            f"{span}; cached tokens cost half: keep system prompts and the beginning of contexts unchanged."
        )
        yield Recommendation("prompt_cache", "info", "ai_stats.tokens.cached_prompt", text)


def reasoning_share(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        completion, reasoning = series.counts.get("completion", 0), series.counts.get("reasoning", 0)
        if completion >= COMPLETION_TOKENS_MIN and reasoning > completion * REASONING_SHARE:
            text = (
                f"{_share(reasoning, completion)} of {completion} completion tokens of {model} were reasoning over "
                f"the last {span}: they are billed as output, a lower reasoning effort would save most of them."
            )
            yield Recommendation("reasoning_share", "info", "ai_stats.by_model.tokens.reasoning", text)


def dear_models(figures: Figures, span: str) -> Iterator[Recommendation]:
    large = {model.id for model in CATALOGUE if model.tier == "large"}
    models = [(model, series.counts) for model, series in _by_model(figures)]
    calls, cost = (sum(counts.get(name, 0) for _, counts in models) for name in ("calls", "cost"))
    for model, counts in models:
        own, spent = counts.get("calls", 0), counts.get("cost", 0)
        if calls < SAMPLES_MIN or model not in large or own < calls * DEAR_CALLS_SHARE or spent < cost * DEAR_SHARE:
            continue
        if cost:
            text = (
                f"{model} took {format_usd(spent)} of {format_usd(cost)} USD and {own} of {calls} calls over the last "
                f"{span}: let agent and complexity choose the model (leave `model` out) to send the easy part to "
                "the small tier."
            )
            yield Recommendation("dear_model", "info", "ai_stats.by_model.cost", text)


def unpriced_models(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        if unpriced := series.counts.get("unpriced", 0):
            text = (
                f"{unpriced} calls to {model} over the last {span} have no known price and are in no sum: enter its "
                "price in backend/domain/models.py."
            )
            yield Recommendation("unpriced_model", "warning", "ai_stats.by_model.unpriced", text)


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


RULES: tuple[Rule, ...] = (
    failing_routes,
    failing_models,
    full_machines,
    slow_routes,
    slow_commands,
    retried_models,
    unpriced_models,
    slow_first_tokens,
    dear_models,
    cache_use,
    prompt_cache,
    reasoning_share,
)


def recommend(figures: Figures, span: str) -> list[Recommendation]:
    """What the figures of a span ("hour", "24 hours") suggest, warnings first."""
    found = [recommendation for rule in RULES for recommendation in rule(figures, span)]
    return sorted(found, key=lambda recommendation: recommendation.severity != "warning")
