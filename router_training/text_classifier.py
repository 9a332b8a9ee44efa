"""Fits the table of a text classifier. Its figures are integers, so that they are the same bytes everywhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log, sqrt

from backend.domain.agent_features import features_of, scanned
from backend.domain.text_classifier import Row, TextClassifier
from router_training.linear_svm import Vector, fit_one

COST = 1.0
EPOCHS = 12
IDF_DIGITS = 6
"""To which the inverse document frequency is rounded: logarithms differ in their last bits between machines."""
SQUARE_SCALE, WEIGHT_SCALE = 100, 1000
UNIT = sqrt(SQUARE_SCALE) / WEIGHT_SCALE


@dataclass(frozen=True, slots=True)
class Example:
    """A text of a class; context: what came before it."""

    text: str
    label: str
    context: str = ""


class Space:
    """The features of a set of texts, each with its inverse document frequency."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(feature for text in texts for feature in features_of(scanned(text)))
        known = sorted(counts)
        self.index = {feature: at for at, feature in enumerate(known)}
        self.idf = [round(log((1 + len(texts)) / (1 + counts[feature])) + 1.0, IDF_DIGITS) for feature in known]

    def vector(self, text: str) -> dict[int, float]:
        """Index -> value of a text's features, of length 1."""
        found = [self.index[feature] for feature in features_of(scanned(text)) if feature in self.index]
        length = sqrt(fsum(self.idf[at] * self.idf[at] for at in found))
        return {at: self.idf[at] / length for at in found}


def fit(examples: Sequence[Example], *, context_weight: float = 0.0) -> TextClassifier:
    """A classifier of the examples' labels, in alphabetical order."""
    space = Space([example.text for example in examples])
    vectors = [_vector(space, example, context_weight) for example in examples]
    classes = tuple(sorted({example.label for example in examples}))
    weights = [
        fit_one(vectors, [1 if example.label == label else -1 for example in examples], len(space.idf), COST, EPOCHS)
        for label in classes
    ]
    rows = {feature: _row(space.idf[at], [one[at] for one in weights]) for feature, at in space.index.items()}
    return TextClassifier(classes, rows, UNIT)


def _vector(space: Space, example: Example, context_weight: float) -> Vector:
    values = space.vector(example.text)
    if example.context:
        for at, value in space.vector(example.context).items():
            values[at] = values.get(at, 0.0) + context_weight * value
    return tuple(values), tuple(values.values())


def _row(idf: float, weights: Sequence[float]) -> Row:
    """As the classifier adds them up: the square and the products with the inverse document frequency, as integers."""
    return (round(idf * idf * SQUARE_SCALE), *(round(weight * idf * WEIGHT_SCALE) for weight in weights))
