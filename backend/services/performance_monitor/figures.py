"""Figures: counts and sketches by series. They merge, whoever measured them and whenever."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend.services.performance_monitor.sketch import Sketch

Key = tuple[str, ...]
"""Kind of series, then its labels:

request, route, method: counts by status ("200"), sketch seconds
operation, name: counts by outcome, sketch seconds
ai, model, agent: counts of calls, tokens, pico-dollars (see Recorder), sketches seconds and ttft
cache: counts by layer that answered, and "miss"
cache_savings, layer: counts saved (pico-dollars) and unpriced (answers whose cost is unknown)
similar: sketch certain (the share of false hits among similar questions' answers that is beyond doubt)
database, command, collection: counts ok and failed, sketch seconds
system, host: sketches of ratios (cpu, memory, disk)
routing: sketches index (how far the scores of own traffic have moved) and excess (of the large model's share)
"""


class Series:
    """One series: counts are exact integers (money in pico-dollars), sketches hold distributions."""

    __slots__ = ("counts", "sketches")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.sketches: dict[str, Sketch] = {}

    def count(self, name: str, amount: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + amount

    def observe(self, name: str, value: float) -> None:
        sketch = self.sketches.get(name)
        if sketch is None:
            sketch = self.sketches[name] = Sketch()
        sketch.observe(value)

    def sketch(self, name: str) -> Sketch:
        """The sketch, an empty one where nothing was observed."""
        return self.sketches.get(name) or Sketch()

    def total(self) -> int:
        return sum(self.counts.values())

    def merge(self, other: "Series") -> None:
        for name, amount in other.counts.items():
            self.count(name, amount)
        for name, sketch in other.sketches.items():
            if name not in self.sketches:
                self.sketches[name] = Sketch()
            self.sketches[name].merge(sketch)


class Figures:
    """All series of a span of time."""

    __slots__ = ("series",)

    def __init__(self) -> None:
        self.series: dict[Key, Series] = {}

    def __bool__(self) -> bool:
        return bool(self.series)

    def of(self, key: Key) -> Series:
        """The series of a key, made where it is missing."""
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = Series()
        return series

    def kind(self, kind: str) -> Iterator[tuple[Key, Series]]:
        """(labels, series) of every series of a kind."""
        for key, series in self.series.items():
            if key[0] == kind:
                yield key[1:], series

    def grouped(self, kind: str, label: int) -> dict[str, Series]:
        """The series of a kind, merged by one of their labels."""
        groups: dict[str, Series] = {}
        for labels, series in self.kind(kind):
            groups.setdefault(labels[label], Series()).merge(series)
        return groups

    def merged(self, kind: str) -> Series:
        total = Series()
        for _, series in self.kind(kind):
            total.merge(series)
        return total

    def merge(self, other: "Figures") -> None:
        for key, series in other.series.items():
            self.of(key).merge(series)

    def encode(self) -> list[dict[str, Any]]:
        """BSON documents, one a series."""
        return [
            {
                "key": list(key),
                "counts": dict(series.counts),
                "sketches": {name: sketch.encode() for name, sketch in series.sketches.items()},
            }
            for key, series in self.series.items()
        ]

    def absorb(
        self,
        documents: Sequence[Mapping[str, Any]],
        *,
        kinds: frozenset[str] | None = None,
        sketches: bool = True,
        labels: bool = True,
    ) -> None:
        """Merges encoded series into these figures.

        kinds: only those. sketches False: only counts (decoding costs). labels False: all of a kind in one series.
        """
        for document in documents:
            key = tuple(document["key"])
            if kinds is not None and key[0] not in kinds:
                continue
            series = self.of(key if labels else key[:1])
            for name, amount in document["counts"].items():
                series.count(name, amount)
            for name, encoded in document["sketches"].items() if sketches else ():
                if name not in series.sketches:
                    series.sketches[name] = Sketch()
                series.sketches[name].absorb(encoded)
