"""Fits the table of a text classifier. Its figures are integers, so that they are the same bytes everywhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log, sqrt

from backend.domain.routing.agent_features import context_share, features_of, scanned
from backend.domain.routing.text_classifier import Row, TextClassifier, pack_rows
from router_training.linear_svm import Vector, fit_one

COST = 1.0
EPOCHS = 5
BEGINNING_WEIGHT, PAIR_WEIGHT = 0.5, 0.85
"""What several words have in common, and what follows from words that are there, tells less than a word itself."""
IDF_DIGITS = 6
INTERCEPT_DIGITS = 4
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
    """The features of a set of texts, each with its weight."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(feature for text in texts for feature in features_of(scanned(text)))
        known = sorted(counts)
        self.index = {feature: at for at, feature in enumerate(known)}
        self.weights = [round(_weight(feature, counts[feature], len(texts)), IDF_DIGITS) for feature in known]

    def vector(self, text: str) -> dict[int, float]:
        """Index -> value of a text's features, of length 1."""
        found = [self.index[feature] for feature in features_of(scanned(text)) if feature in self.index]
        length = sqrt(fsum(self.weights[at] * self.weights[at] for at in found))
        return {at: self.weights[at] / length for at in found}


def _weight(feature: str, count: int, texts: int) -> float:
    """Smoothed inverse document frequency, by the kind of feature."""
    idf = log((1 + texts) / (1 + count)) + 1.0
    if feature.endswith("*"):
        return BEGINNING_WEIGHT * idf
    return PAIR_WEIGHT * idf if " " in feature else idf


def fit(examples: Sequence[Example], *, context_weight: float = 0.0) -> TextClassifier:
    """A classifier of the examples' labels, in alphabetical order."""
    space = Space([example.text for example in examples])
    constant = len(space.weights)
    vectors = [_vector(space, example, context_weight, constant) for example in examples]
    classes = tuple(sorted({example.label for example in examples}))
    weights = [
        fit_one(vectors, [1 if example.label == label else -1 for example in examples], constant + 1, COST, EPOCHS)
        for label in classes
    ]
    rows = ((feature, _row(space.weights[at], [one[at] for one in weights])) for feature, at in space.index.items())
    return TextClassifier(
        classes, pack_rows(rows), UNIT, tuple(round(one[constant], INTERCEPT_DIGITS) for one in weights)
    )


def _vector(space: Space, example: Example, context_weight: float, constant: int) -> Vector:
    """constant: index of the feature that every text has, outside its length: its weight is the intercept."""
    values = space.vector(example.text)
    if example.context:
        weight = context_weight * context_share(scanned(example.text))
        for at, value in space.vector(example.context).items():
            values[at] = values.get(at, 0.0) + weight * value
    values[constant] = 1.0
    return tuple(values), tuple(values.values())


def _row(own: float, weights: Sequence[float]) -> Row:
    """As the classifier adds them up: its own weight squared, and times the weights of the classes, as integers."""
    return (round(own * own * SQUARE_SCALE), *(round(weight * own * WEIGHT_SCALE) for weight in weights))
