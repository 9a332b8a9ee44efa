"""Advice on models: failures, retries, speed, tokens and money."""

from collections.abc import Iterator

from backend.domain.models import CATALOGUE
from backend.domain.usage import format_usd
from backend.services.performance_monitor.advice import SAMPLES_MIN, Recommendation, share_text, time_text
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.measures import HIGH

SLOW_TTFT_S = 1.5
FAILURE_RATE = 0.02
RETRY_RATE = 0.1
PROMPT_TOKENS_MIN = 100_000
PROMPT_CACHE_RATE = 0.2
REASONING_SHARE = 0.6
COMPLETION_TOKENS_MIN = 20_000
DEAR_SHARE = 0.8
DEAR_CALLS_SHARE = 0.5


def _by_model(figures: Figures) -> list[tuple[str, Series]]:
    return list(figures.grouped("ai", 0).items())


def failing_models(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        calls, failed = series.counts.get("calls", 0), series.counts.get("failed", 0)
        if calls >= SAMPLES_MIN and failed > calls * FAILURE_RATE:
            text = (
                f"{share_text(failed, calls)} of {calls} calls to {model} failed over the last {span}: check the "
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
                f"p95 of the time to the first token of {model} {time_text(high)} over the last {span} ({sketch.size} "
                "calls): shorter prompts, or prefixes that the vendor's prompt cache knows, start sooner."
            )
            yield Recommendation("slow_first_token", "info", "ai_stats.by_model.ttft.p95", text)


def prompt_cache(figures: Figures, span: str) -> Iterator[Recommendation]:
    counts = figures.merged("ai").counts
    prompt, cached = counts.get("prompt", 0), counts.get("cached_prompt", 0)
    if prompt >= PROMPT_TOKENS_MIN and cached < prompt * PROMPT_CACHE_RATE:
        text = (
            f"The vendor's prompt cache served {share_text(cached, prompt)} of {prompt} prompt tokens over the last "
            f"{span}; cached tokens cost half: keep system prompts and the beginning of contexts unchanged."
        )
        yield Recommendation("prompt_cache", "info", "ai_stats.tokens.cached_prompt", text)


def reasoning_share(figures: Figures, span: str) -> Iterator[Recommendation]:
    for model, series in _by_model(figures):
        completion, reasoning = series.counts.get("completion", 0), series.counts.get("reasoning", 0)
        if completion >= COMPLETION_TOKENS_MIN and reasoning > completion * REASONING_SHARE:
            text = (
                f"{share_text(reasoning, completion)} of {completion} completion tokens of {model} were reasoning over "
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
