"""Rows from rounds: figures of one contender, and comparisons of two in the same turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmark.results import Row, figure, missing
from benchmark.rounds import Round, Rounds


@dataclass(frozen=True, slots=True)
class Comparison:
    """away: why others did not take part, by name."""

    scenario: str
    rounds: Rounds
    away: Mapping[str, str] = field(default_factory=dict)

    def of(self, contender: str, name: str, unit: str, value: Callable[[Round], float]) -> Row:
        """A figure of each round that had no error."""
        if contender in self.away:
            return missing(self.scenario, name, unit, self.away[contender])
        values = [value(one) for one in self.rounds[contender] if one.clean]
        return self._row(name, unit, values, contender)

    def cpu(self, contender: str) -> Row:
        """Microseconds of CPU time a request."""
        return self.of(contender, f"{contender}, CPU per request", "us", lambda one: one.cpu_us)

    def busy(self, contender: str) -> Row:
        """Below 100% something else bounds it."""
        return self.of(contender, f"{contender}, share of its core", "%", lambda one: one.busy)

    def beside(self, contender: str, process: str) -> Row:
        """Microseconds of CPU time a request, of a process that works for it."""
        return self.of(
            contender, f"{process} for {contender}, CPU per request", "us", lambda one: one.beside_us(process)
        )

    def rate(self, contender: str) -> Row:
        return self.of(contender, f"{contender}, requests", "/s", lambda one: one.rate)

    def between(self, contender: str, other: str, name: str, unit: str, value: Callable[[Round, Round], float]) -> Row:
        """A figure of each turn in which both had no error."""
        for one in (contender, other):
            if one in self.away:
                return missing(self.scenario, name, unit, self.away[one])
        turns = zip(self.rounds[contender], self.rounds[other], strict=True)
        values = [value(own, its) for own, its in turns if own.clean and its.clean]
        return self._row(name, unit, values, contender, other)

    def ratio(self, contender: str, other: str) -> Row:
        """Of their requests a second."""
        return self.between(contender, other, f"{contender} to {other}", "x", lambda own, its: own.rate / its.rate)

    def cpu_ratio(self, contender: str, other: str) -> Row:
        """How often the contender's CPU time a request goes into the other's: the ratio that both would have, were
        nothing but their own processes in the way.
        """
        name = f"{contender} to {other}, by CPU time"
        return self.between(contender, other, name, "x", lambda own, its: its.cpu_us / own.cpu_us)

    def _row(self, name: str, unit: str, values: list[float], *contenders: str) -> Row:
        broken = [f"{one}: {each}" for one in contenders for each in self.rounds[one] if not each.clean]
        note = f"runs with errors are left out: {'; '.join(broken)}" if broken else ""
        return figure(self.scenario, name, values, unit, note)
