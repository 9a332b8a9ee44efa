"""What a recommendation is, and how its figures are worded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from backend.domain.alerts import format_amount
from backend.services.performance_monitor.figures import Figures

SAMPLES_MIN = 20
"""Fewer requests, calls or commands are no evidence."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """figure: the name of the figure that it rests on. text: for people, with that figure in it."""

    id: str
    severity: Literal["info", "warning"]
    figure: str
    text: str


Advice = Callable[[Figures, str], Iterator[Recommendation]]
"""From the figures of a span and the span in words ("hour", "24 hours") to what they suggest."""


def time_text(seconds: float | None) -> str:
    return format_amount(seconds, "seconds")


def share_text(part: float, whole: float) -> str:
    return format_amount(part / whole, "ratio")
