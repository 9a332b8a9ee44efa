"""A quantile sketch that merges across workers and fits into a document."""

import struct
from bisect import bisect_left
from collections.abc import Mapping
from math import ceil
from operator import add
from typing import Any

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ACCURACY = 0.01
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds of the Prometheus histograms."""

RANK_DECIMALS = 6
"""0.07 * 100 is a little more than 7 in binary; ranks are whole numbers."""

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
        """The nearest-rank quantile: a value that at least this fraction of all values does not exceed.

        The library's own rounds the rank down, so that the p95 of three values would be the middle one. None for an
        empty sketch; never outside what was seen.
        """
        if not self._count:
            return None
        rank = max(ceil(round(fraction * self._count, RANK_DECIMALS)), 1)
        if rank >= self._count:
            return float(self._max)
        if rank <= self._zero_count:
            return 0.0
        value = self._mapping.value(self._store.key_at_rank(rank - 1 - self._zero_count))
        return min(max(float(value), self._min), self._max)

    def encode(self) -> dict[str, Any]:
        """A BSON document. bins: the keys, then as many counts, 32-bit little-endian integers."""
        offset = self._store.offset
        found = {index + offset: int(count) for index, count in enumerate(self._store.bins) if count}
        return {
            "n": self.size,
            "sum": self.total,
            "min": float(self._min) if self._count else 0.0,
            "max": float(self._max) if self._count else 0.0,
            "zeros": int(self._zero_count),
            "bins": struct.pack(f"<{len(found)}i{len(found)}I", *found, *found.values()),
        }

    def absorb(self, document: Mapping[str, Any]) -> None:
        """Merges an encoded sketch into this one."""
        if not document["n"]:
            return
        packed = document["bins"]
        size = len(packed) // 8
        numbers = struct.unpack(f"<{size}i{size}I", packed)
        keys, counts = numbers[:size], numbers[size:]
        if keys:
            self._make_room(keys[0], keys[-1])
            bins, offset = self._store.bins, self._store.offset
            for key, count in zip(keys, counts, strict=True):
                bins[key - offset] += count
        self._summarise(
            sum(counts), document["zeros"], document["n"], document["sum"], document["min"], document["max"]
        )

    def merge(self, other: "Sketch") -> None:  # type: ignore[override]  # all sketches here are of this class
        """As the library's, quicker: a monitor merges thousands of sketches to answer once."""
        if not other._count:
            return
        store = other._store
        if store.count:
            self._make_room(store.min_key, store.max_key)
            begin, end = store.min_key - self._store.offset, store.max_key + 1 - self._store.offset
            theirs = store.bins[store.min_key - store.offset : store.max_key + 1 - store.offset]
            self._store.bins[begin:end] = map(add, self._store.bins[begin:end], theirs)
        self._summarise(store.count, other._zero_count, other._count, other._sum, other._min, other._max)

    def _make_room(self, lowest: int, highest: int) -> None:
        """Bins from the lowest to the highest key: in an empty store just these, which need no centring."""
        store = self._store
        if not store.bins:
            store.bins = [0.0] * (highest - lowest + 1)
            store.offset = store.min_key = lowest
            store.max_key = highest
        elif lowest < store.min_key or highest > store.max_key:
            store._extend_range(lowest, highest)

    def _summarise(
        self, in_bins: float, zeros: float, count: float, total: float, smallest: float, largest: float
    ) -> None:
        self._store.count += in_bins
        self._zero_count += zeros
        self._count += count
        self._sum += total
        self._min = min(self._min, smallest)
        self._max = max(self._max, largest)
