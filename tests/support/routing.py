"""The routers as they are shipped, read once in a process of tests."""

from functools import cache

from backend.domain.complexity import ComplexityModel, ComplexityRouter
from backend.domain.worked_answers import WorkedAnswers
from router_training import complexity
from router_training import worked_answers as worked


@cache
def complexity_model() -> ComplexityModel:
    return complexity.shipped()


def complexity_router(large_share: float = 0.2) -> ComplexityRouter:
    return ComplexityRouter(complexity_model(), large_share=large_share)


@cache
def worked_answers() -> WorkedAnswers:
    return worked.shipped()
