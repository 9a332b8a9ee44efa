"""The routers, with the tables that they were fitted to."""

from collections.abc import Callable
from importlib.resources import files

from backend.config import Settings
from backend.domain.calibration import Calibration
from backend.domain.complexity import ComplexityRouter, parse_complexity
from backend.domain.worked_answers import WorkedAnswers, parse_worked_answers


def complexity_router_of(settings: Settings, calibration: Callable[[], Calibration]) -> ComplexityRouter:
    """calibration: the one in use."""
    model = parse_complexity(_table("complexity"))
    return ComplexityRouter(model, large_share=settings.large_share, calibration=calibration)


def worked_answers() -> WorkedAnswers:
    return parse_worked_answers(_table("worked_answers"))


def _table(name: str) -> str:
    """As scripts/train_router.py has written it."""
    return files("backend.domain").joinpath("tables", f"{name}.json").read_text(encoding="utf-8")
