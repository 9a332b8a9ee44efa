"""How likely a large and a small model are to answer a question well: two logistic regressions on the same features.

Both are plain tables that were fitted to questions which two models had answered (docs/routing.md). What they are for
is the difference, P(large right) - P(small right): what is gained by asking the large one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt

from backend.domain.routing.text_features import FIGURES, Reading

SCALE = 1000
"""Integers of a word's row stand for thousandths."""
WORDS_SHARE_KNOWN = 0.9
"""Of a question's words: from here on the tables know what it is about."""
WORDS_SHARE_STRANGE = 0.5
"""Up to here they do not."""
FIGURE_RANGE = 3.0
"""Standard deviations: what lies further out counts as this, since nothing like it was there to fit to."""

WordRow = tuple[int, int, int]
"""Inverse document frequency, weight for the large model, weight for the small one, each in thousandths."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Of one of FIGURES: mean and standard deviation over the fitted questions, then the weights of a deviation."""

    mean: float
    deviation: float
    large: float
    small: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """large, small: probabilities that the models are right. known: 0..1, how far the tables know such questions.

    deviations: of each figure, in standard deviations from its mean.
    """

    large: float
    small: float
    known: float
    deviations: Mapping[str, float]

    @property
    def gain(self) -> float:
        return self.large - self.small


@dataclass(frozen=True, slots=True)
class GainModel:
    """bias: of the large and of the small model. figures: by name; words: by word in lower case."""

    bias: tuple[float, float]
    figures: Mapping[str, FigureRow]
    words: Mapping[str, WordRow]

    def expect(self, reading: Reading) -> Expectation:
        large, small = self.bias
        square, by_large, by_small, known = 0.0, 0.0, 0.0, 0
        for word, count in reading.words.items():
            row = self.words.get(word)
            if row is None:
                continue
            known += count
            value = row[0] * (1.0 + log(count)) if count > 1 else row[0]
            square += value * value
            by_large += value * row[1]
            by_small += value * row[2]
        if square:
            norm = sqrt(square) * SCALE
            large, small = large + by_large / norm, small + by_small / norm
        deviations = self._deviations(reading)
        for name, deviation in deviations.items():
            row_of = self.figures[name]
            large, small = large + deviation * row_of.large, small + deviation * row_of.small
        return Expectation(_logistic(large), _logistic(small), _known(known / reading.size), deviations)

    def _deviations(self, reading: Reading) -> dict[str, float]:
        found: dict[str, float] = {}
        for figure in FIGURES:
            row = self.figures[figure.name]
            deviation = (figure.measure(reading) - row.mean) / row.deviation
            found[figure.name] = min(max(deviation, -FIGURE_RANGE), FIGURE_RANGE)
        return found


def _known(share: float) -> float:
    return min(max((share - WORDS_SHARE_STRANGE) / (WORDS_SHARE_KNOWN - WORDS_SHARE_STRANGE), 0.0), 1.0)


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + exp(-value))
