"""The routers as they are shipped, read once in a process of tests."""

from functools import cache

from backend.domain.complexity import ComplexityModel, ComplexityRouter
from router_training.complexity import shipped


@cache
def complexity_model() -> ComplexityModel:
    return shipped()


def complexity_router(large_share: float = 0.2) -> ComplexityRouter:
    return ComplexityRouter(complexity_model(), large_share=large_share)
