"""Recommendations: each computed from figures, each naming the figure that it is about."""

from collections.abc import Iterable

from backend.services.performance_monitor import advice_ai, advice_server
from backend.services.performance_monitor.advice import Advice, Recommendation
from backend.services.performance_monitor.figures import Figures

RULES: tuple[Advice, ...] = (
    advice_server.failing_routes,
    advice_ai.failing_models,
    advice_server.full_machines,
    advice_server.slow_routes,
    advice_server.slow_commands,
    advice_ai.retried_models,
    advice_ai.unpriced_models,
    advice_ai.slow_first_tokens,
    advice_ai.dear_models,
    advice_server.cache_use,
    advice_ai.prompt_cache,
    advice_ai.reasoning_share,
)


def recommend(figures: Figures, span: str, standing: Iterable[Recommendation] = ()) -> list[Recommendation]:
    """What the figures of a span ("hour", "24 hours") suggest and what holds whatever they are, warnings first."""
    found = [*(recommendation for rule in RULES for recommendation in rule(figures, span)), *standing]
    return sorted(found, key=lambda recommendation: recommendation.severity != "warning")
