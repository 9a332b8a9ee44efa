"""What a recommendation is, and how its figures are worded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from backend.domain.alerts import format_amount
from backend.domain.doc import Doc
from backend.services.performance_monitor.figures import Figures

SAMPLES_MIN = 20
"""Fewer requests, calls or commands are no evidence."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a figure suggests."""

    id: Annotated[str, Doc("The kind of advice")]
    severity: Annotated[Literal["info", "warning"], Doc("warning: something is wrong")]
    figure: Annotated[str, Doc("The figure of the dashboard that it rests on")]
    text: Annotated[str, Doc("For people, with that figure in it")]


Advice = Callable[[Figures, str], Iterator[Recommendation]]
"""From the figures of a span and the span in words ("hour", "24 hours") to what they suggest."""


def time_text(seconds: float | None) -> str:
    return format_amount(seconds, "seconds")


def share_text(part: float, whole: float) -> str:
    return format_amount(part / whole, "ratio")
