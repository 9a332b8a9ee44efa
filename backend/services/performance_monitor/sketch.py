"""A quantile sketch that merges across workers and fits into a document."""

import struct
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ACCURACY = 0.01
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds of the Prometheus histograms."""

_MAPPING = LogarithmicMapping(RELATIVE_ACCURACY)


class Sketch(BaseDDSketch):
    """Values of 0 and above: count, sum, min and max exactly, quantiles within 1% of their value (DDSketch, VLDB 2019).

    buckets counts the values per Prometheus bucket since this sketch was made; it is neither merged nor stored.
    """

    def __init__(self) -> None:
        super().__init__(_MAPPING, DenseStore(), DenseStore(), 0.0)
        self.buckets = [0] * (len(BUCKETS) + 1)

    def observe(self, value: float) -> None:
        """Adds a value; one below 0 (a clock was set back) counts as 0."""
        value = max(value, 0.0)
        self.add(value)
        self.buckets[bisect_left(BUCKETS, value)] += 1

    @property
    def size(self) -> int:
        """How many values were added."""
        return int(self._count)

    @property
    def total(self) -> float:
        return float(self._sum)

    @property
    def largest(self) -> float | None:
        return float(self._max) if self._count else None

    @property
    def mean(self) -> float | None:
        return self.total / self.size if self._count else None

    def quantile(self, fraction: float) -> float | None:
        """The value at the quantile, never outside what was seen; None for an empty sketch."""
        value = self.get_quantile_value(fraction)
        return None if value is None else min(max(float(value), self._min), self._max)

    def encode(self) -> dict[str, Any]:
        """A BSON document; bins: pairs of key and count, little-endian 64-bit integers."""
        store = self._store
        pairs = [
            number for index, count in enumerate(store.bins) if count for number in (index + store.offset, int(count))
        ]
        return {
            "n": self.size,
            "sum": self.total,
            "min": float(self._min) if self._count else 0.0,
            "max": float(self._max) if self._count else 0.0,
            "zeros": int(self._zero_count),
            "bins": struct.pack(f"<{len(pairs)}q", *pairs),
        }

    @classmethod
    def decode(cls, document: Mapping[str, Any]) -> "Sketch":
        sketch = cls()
        sketch.absorb(document)
        return sketch

    def absorb(self, document: Mapping[str, Any]) -> None:
        """Merges an encoded sketch into this one."""
        count = document["n"]
        if not count:
            return
        packed = document["bins"]
        pairs = struct.iter_unpack("<qq", packed)
        for key, weight in pairs:
            self._store.add(key, weight)
        self._zero_count += document["zeros"]
        self._count += count
        self._sum += document["sum"]
        self._min = min(self._min, document["min"])
        self._max = max(self._max, document["max"])
