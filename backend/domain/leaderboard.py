"""How well agents and models do: what people think of their answers, what a call costs, how long it takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.domain.feedback import Verdicts, wilson_interval
from backend.domain.usage import PICO_PER_USD


@dataclass(frozen=True, slots=True)
class Latency:
    """Of calls to models, seconds, null where none was measured."""

    avg: float | None = None
    p50: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class Consumption:
    """requests: answered ones; a team's are its own, its calls are those of its members. cost: pico-dollars.

    unpriced: calls of unknown price, which cost leaves out.
    """

    requests: int = 0
    calls: int = 0
    unpriced: int = 0
    cost: int = 0

    def __add__(self, other: "Consumption") -> "Consumption":
        return Consumption(
            self.requests + other.requests,
            self.calls + other.calls,
            self.unpriced + other.unpriced,
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent or model."""

    id: str
    verdicts: Verdicts
    consumption: Consumption
    latency: Latency

    @property
    def cost_per_call(self) -> int | None:
        """Pico-dollars, rounded down; None where no call has a price."""
        priced = self.consumption.calls - self.consumption.unpriced
        return self.consumption.cost // priced if priced > 0 else None

    @property
    def quality_per_dollar(self) -> float | None:
        """How many good answers a dollar buys: the share of ups over the cost of a call. None where one is unknown."""
        share, cost = self.verdicts.share, self.cost_per_call
        return share * PICO_PER_USD / cost if share is not None and cost else None

    @property
    def rank(self) -> tuple[float, int, str]:
        """Best first: by what the share of ups is at least (three ups out of three prove little), then by use."""
        interval = wilson_interval(self.verdicts)
        return (-(interval[0] if interval else -1.0), -self.consumption.calls, self.id)


def standings(
    consumed: Iterable[tuple[str, Consumption]],
    judged: Iterable[tuple[str, Verdicts]],
    latencies: Mapping[str, Latency],
) -> list[Standing]:
    """Of everything that was used or judged, best first. A name may come more than once: it is summed."""
    consumption: dict[str, Consumption] = {}
    for name, amount in consumed:
        consumption[name] = consumption.get(name, Consumption()) + amount
    verdicts: dict[str, Verdicts] = {}
    for name, some in judged:
        verdicts[name] = verdicts.get(name, Verdicts()) + some
    nothing, unjudged, unmeasured = Consumption(), Verdicts(), Latency()
    found = [
        Standing(name, verdicts.get(name, unjudged), consumption.get(name, nothing), latencies.get(name, unmeasured))
        for name in {*consumption, *verdicts}
    ]
    return sorted(found, key=lambda standing: standing.rank)
