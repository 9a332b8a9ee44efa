"""Shares that were counted: where they lie with what certainty."""

import math

Z_95 = 1.959963984540054
"""The standard normal distribution's 97.5% quantile."""


def wilson(share: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Where a share that was found among n > 0 lies, with 95% confidence: (low, high).

    Wilson's score interval (Wilson 1927): sound for a small n and for shares near 0 and 1, where the usual
    plus-minus leaves the range. n: a float where what was counted has weights.
    """
    square = z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
