"""Logistic regression with an L2 penalty, by AdaGrad in a fixed order.

Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization" (2011), with
the diagonal of the gradients' squares. Plain Python: a fit takes seconds, and needs nothing installed.
"""

from collections import Counter
from collections.abc import Sequence
from math import exp, sqrt
from random import Random

Vector = tuple[tuple[int, ...], tuple[float, ...]]
"""Indices and values of what is not zero."""

STEP = 0.3
EPOCHS = 10
FLOOR = 1e-6
LARGEST_EXPONENT = 30.0


def fit(vectors: Sequence[Vector], right: Sequence[bool], size: int, cost: float) -> tuple[float, list[float]]:
    """(bias, weights). cost: C, of an error beside half the square of the weights; the bias has no penalty."""
    weights, squares = [0.0] * size, [FLOOR] * size
    counts = Counter(index for indices, _ in vectors for index in indices)
    penalties = [1.0 / (cost * (counts[index] or 1)) for index in range(size)]  # each time it occurs, its part
    bias, bias_square = 0.0, FLOOR
    order = list(range(len(vectors)))
    random = Random(0)  # noqa: S311  an order, not a secret
    for _ in range(EPOCHS):
        random.shuffle(order)
        for example in order:
            indices, values = vectors[example]
            margin = bias + sum(weights[index] * value for index, value in zip(indices, values, strict=True))
            error = _probability(margin) - right[example]
            bias_square += error * error
            bias -= STEP * error / sqrt(bias_square)
            for index, value in zip(indices, values, strict=True):
                gradient = error * value + penalties[index] * weights[index]
                squares[index] += gradient * gradient
                weights[index] -= STEP * gradient / sqrt(squares[index])
    return bias, weights


def _probability(margin: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(margin, -LARGEST_EXPONENT), LARGEST_EXPONENT)))
