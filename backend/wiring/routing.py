"""The routers, with the tables that they were fitted to."""

from collections.abc import Callable
from importlib.resources import files

from backend.config import Settings
from backend.domain.calibration import Calibration
from backend.domain.complexity import ComplexityRouter, parse_complexity


def complexity_router_of(settings: Settings, calibration: Callable[[], Calibration]) -> ComplexityRouter:
    """calibration: the one in use."""
    table = files("backend.domain").joinpath("tables", "complexity.json").read_text(encoding="utf-8")
    return ComplexityRouter(parse_complexity(table), large_share=settings.large_share, calibration=calibration)
