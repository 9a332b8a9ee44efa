"""A linear support vector machine, one class against the rest, by dual coordinate descent.

Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale linear SVM" (2008),
algorithm 1 with the squared hinge loss. Examples are visited in an order that depends on nothing but their number,
and sums are rounded exactly (fsum), so that the same examples give the same bits everywhere.
"""

from collections.abc import Sequence
from math import fsum
from operator import mul
from random import Random

Vector = tuple[tuple[int, ...], tuple[float, ...]]
"""Indices and values of what is not zero."""


def fit_one(vectors: Sequence[Vector], signs: Sequence[int], size: int, cost: float, epochs: int) -> list[float]:
    """Weights of one class. signs: +1 where the example is of the class, else -1. cost: C, of an error."""
    weights = [0.0] * size
    weight_of = weights.__getitem__
    alphas = [0.0] * len(vectors)
    slack = 0.5 / cost
    curvatures = [fsum(map(mul, values, values)) + slack for _, values in vectors]
    order = list(range(len(vectors)))
    random = Random(0)  # noqa: S311  an order, not a secret
    for _ in range(epochs):
        random.shuffle(order)
        for example in order:
            indices, values = vectors[example]
            sign, alpha = signs[example], alphas[example]
            gradient = sign * fsum(map(mul, map(weight_of, indices), values)) - 1.0 + alpha * slack
            if alpha == 0.0 and gradient >= 0.0:
                continue
            alphas[example] = max(alpha - gradient / curvatures[example], 0.0)
            step = (alphas[example] - alpha) * sign
            for index, value in zip(indices, values, strict=True):
                weights[index] += step * value
    return weights
