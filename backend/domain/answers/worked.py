"""How likely a calculated answer is wrong, by how it was calculated: a logistic regression on a few figures.

The weights were fitted to answers of a small model to word problems of school mathematics (docs/routing.md). They are
asked only where a question has numbers and its answer calculates with them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log1p

from backend.domain.answers.arithmetic import equations

TABLE_FORMAT = 1
NUMBERS_LEAST = 2
SCANNED_CHARACTERS = 8_000
UNUSED_MOST = 3
DIGITS_MOST = 40
"""Longer ones are no quantities, and no floats either."""
FIGURE_RANGE = 3.0
NOTABLE = 0.15
"""What a figure adds to the log-odds before it is told as a reason."""

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")
COMPARISON = re.compile(r"\b(?:times|twice|double|half|third|quarter|more than|less than|fewer|percent)\b|%", re.I)
CONDITION = re.compile(r"\bif\b", re.I)

REASONS: Mapping[str, str] = {
    "wrong": "",
    "calculations": "",
    "answer_length": "it takes long to calculate",
    "question_length": "the question is long",
    "unused": "it leaves out numbers of the question",
    "fraction": "its result is not a whole number",
    "negative": "its result is negative",
    "repeated": "its result stands in the question",
    "comparisons": "the question compares quantities",
    "conditions": "",
}
"""The figures, and what is said of each where it speaks against an answer."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Mean and standard deviation of a figure over the fitted answers, and the weight of a deviation."""

    mean: float
    deviation: float
    weight: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """wrong: probability. reasons in people's words, the weightiest first."""

    wrong: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkedAnswers:
    bias: float
    figures: Mapping[str, Weighed]

    def judge(self, question: str, answer: str) -> Judgement | None:
        """None where nothing was calculated."""
        found = figures_of(question, answer)
        if found is None:
            return None
        parts = {name: self._part(name, value) for name, value in found.items()}
        telling = sorted((name for name in parts if parts[name] >= NOTABLE and REASONS[name]), key=lambda n: -parts[n])
        return Judgement(1 / (1 + exp(-self.bias - sum(parts.values()))), tuple(REASONS[name] for name in telling))

    def _part(self, name: str, value: float) -> float:
        row = self.figures[name]
        return row.weight * min(max((value - row.mean) / row.deviation, -FIGURE_RANGE), FIGURE_RANGE)


def parse_worked_answers(text: str) -> WorkedAnswers:
    """The weights in a data file. Raises ValueError for one of another format."""
    table = json.loads(text)
    if table["format"] != TABLE_FORMAT:
        raise ValueError(f"expected a table of format {TABLE_FORMAT}, found {table['format']}")
    return WorkedAnswers(table["bias"], {name: Weighed(*row) for name, row in table["figures"].items()})


def figures_of(question: str, answer: str) -> dict[str, float] | None:
    """By name as in REASONS; None where the question has no numbers to calculate with or the answer does not."""
    asked, said = _numbers(question), _numbers(answer)
    calculated = equations(answer)
    if len(asked) < NUMBERS_LEAST or not calculated or not said:
        return None
    result = said[-1]
    return {
        "wrong": float(any(not equation.right for equation in calculated)),
        "calculations": log1p(len(calculated)),
        "answer_length": log1p(len(answer)),
        "question_length": log1p(len(question)),
        "unused": float(min(len(set(asked) - set(said)), UNUSED_MOST)),
        "fraction": float(result != int(result)),
        "negative": float(result < 0),
        "repeated": float(result in asked),
        "comparisons": log1p(len(COMPARISON.findall(question[:SCANNED_CHARACTERS]))),
        "conditions": float(bool(CONDITION.search(question[:SCANNED_CHARACTERS]))),
    }


def _numbers(text: str) -> list[float]:
    found = NUMBER.findall(text[:SCANNED_CHARACTERS])
    return [float(number.replace(",", "")) for number in found if len(number) <= DIGITS_MOST]
