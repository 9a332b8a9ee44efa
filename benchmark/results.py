"""What a scenario hands back: rows with a figure each, judged by the table of targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmark.targets import target_of


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. value: the median of its runs, None where there is none (the note says why).

    spread: least and most of the runs. target: in words, empty for a figure that only informs. met: None without one.
    """

    scenario: str
    name: str
    value: float | None
    unit: str
    spread: tuple[float, float] | None = None
    target: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The rows of one scenario, in the order in which they are shown. name: that of its module."""

    name: str
    rows: tuple[Row, ...]


def figure(scenario: str, name: str, values: Sequence[float], unit: str, note: str = "") -> Row:
    """The row of a figure that was measured len(values) times; the table of targets judges its median."""
    if not values:
        return missing(scenario, name, unit, note or "not measured")
    value = median(values)
    target = target_of(scenario, name)
    return Row(
        scenario,
        name,
        value,
        unit,
        (min(values), max(values)) if len(values) > 1 else None,
        target.text if target else "",
        target.met_by(value) if target else None,
        note,
    )


def missing(scenario: str, name: str, unit: str, reason: str) -> Row:
    """The row of a figure that could not be had; a target that it has is missed."""
    target = target_of(scenario, name)
    return Row(scenario, name, None, unit, None, target.text if target else "", False if target else None, reason)
