"""Fits a gain model to questions that a large and a small model have answered."""

from collections import Counter
from collections.abc import Sequence
from math import fsum, log, sqrt

from backend.domain.routing.gain_model import FIGURE_RANGE, SCALE, FigureRow, GainModel, WordRow
from backend.domain.routing.text_features import FIGURES, Reading, read
from router_training.logistic_regression import Vector, fit
from router_training.questions import Answered

WORD_MINIMUM = 3
"""Questions that a word has to be in."""
FIGURE_WEIGHT = 0.1
"""Of a standard deviation beside the words of a question, which together have length 1."""
COST = 0.3
DIGITS = 4


def fit_gain_model(questions: Sequence[Answered], *, minimum: int = WORD_MINIMUM, cost: float = COST) -> GainModel:
    readings = [read(question.text) for question in questions]
    idf = _inverse_frequencies(readings, minimum)
    index = {word: at for at, word in enumerate(idf)}
    scales = _scales(readings)
    vectors = [_vector(reading, idf, index, scales) for reading in readings]
    size = len(index) + len(FIGURES)
    large_bias, large = fit(vectors, [question.large_right for question in questions], size, cost)
    small_bias, small = fit(vectors, [question.small_right for question in questions], size, cost)
    return GainModel(
        (round(large_bias, DIGITS), round(small_bias, DIGITS)),
        {
            name: FigureRow(*scales[name], *_figure_weights(len(index) + at, large, small))
            for at, name in enumerate(scales)
        },
        {word: _row(idf[word], large[at], small[at]) for word, at in index.items()},
    )


def _inverse_frequencies(readings: Sequence[Reading], minimum: int) -> dict[str, float]:
    counts = Counter(word for reading in readings for word in reading.words)
    known = sorted(word for word, count in counts.items() if count >= minimum)
    return {word: round(log((1 + len(readings)) / (1 + counts[word])) + 1.0, 3) for word in known}


def _scales(readings: Sequence[Reading]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each figure."""
    return {figure.name: scale_of([figure.measure(reading) for reading in readings]) for figure in FIGURES}


def scale_of(values: Sequence[float]) -> tuple[float, float]:
    mean = fsum(values) / len(values)
    deviation = sqrt(fsum((value - mean) ** 2 for value in values) / len(values))
    return round(mean, DIGITS), round(deviation, DIGITS) or 1.0


def _vector(
    reading: Reading, idf: dict[str, float], index: dict[str, int], scales: dict[str, tuple[float, float]]
) -> Vector:
    words = {index[word]: idf[word] * (1.0 + log(count)) for word, count in reading.words.items() if word in index}
    length = sqrt(fsum(value * value for value in words.values())) or 1.0
    values = {at: value / length for at, value in words.items()}
    for at, figure in enumerate(FIGURES, start=len(index)):
        mean, deviation = scales[figure.name]
        bounded = min(max((figure.measure(reading) - mean) / deviation, -FIGURE_RANGE), FIGURE_RANGE)
        values[at] = bounded * FIGURE_WEIGHT
    return tuple(values), tuple(values.values())


def _figure_weights(at: int, large: Sequence[float], small: Sequence[float]) -> tuple[float, float]:
    return round(large[at] * FIGURE_WEIGHT, DIGITS), round(small[at] * FIGURE_WEIGHT, DIGITS)


def _row(idf: float, large: float, small: float) -> WordRow:
    return round(idf * SCALE), round(large * SCALE), round(small * SCALE)
