"""What the monitor's daily figures say beyond the dashboard: availability by day, latencies of agents and models."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.domain.availability import Availability
from backend.domain.leaderboard import Latency
from backend.services.performance_monitor.figures import Figures, Series
from backend.services.performance_monitor.measures import errors
from backend.services.performance_monitor.rollups import DAY
from backend.services.performance_monitor.storage import FigureStore, Reading

DAYS_MAX = 31
"""Roll-ups of days are in MongoDB for longer than that."""
PROBES = ("/api/health", "/metrics")
"""Routes that machines ask, often, and that may say no: they are nobody's service."""
REQUESTS, CALLS = frozenset(["request"]), frozenset(["ai"])


@dataclass(frozen=True, slots=True)
class AvailabilityHistory:
    """by_day: ISO day in UTC -> availability, days without requests left out.

    complete False: MongoDB is away, and it is that of one worker.
    """

    by_day: Mapping[str, Availability]
    complete: bool


@dataclass(frozen=True, slots=True)
class Latencies:
    by_agent: Mapping[str, Latency]
    by_model: Mapping[str, Latency]


class History:
    """count: moves what was recorded last into the figures. clock: seconds since the epoch."""

    def __init__(self, store: FigureStore, count: Callable[[], None], clock: Callable[[], float]) -> None:
        self._store = store
        self._count = count
        self._clock = clock

    async def availability(self, days: int) -> AvailabilityHistory:
        """Of the last days in UTC, today among them, up to DAYS_MAX."""
        reading = await self._read(days)
        return AvailabilityHistory(await asyncio.to_thread(_by_day, reading), reading.complete)

    async def latencies(self, days: int) -> Latencies:
        """Of the calls to models in the last days, today among them, up to DAYS_MAX."""
        reading = await self._read(days)
        return await asyncio.to_thread(_latencies, reading)

    async def _read(self, days: int) -> Reading:
        self._count()
        return await self._store.read(DAY, DAY.span(self._clock()) - (days - 1) * DAY.seconds)


def _by_day(reading: Reading) -> dict[str, Availability]:
    found: dict[str, Availability] = {}
    for document in reading.documents:
        figures = Figures()
        figures.absorb(document["series"], kinds=REQUESTS, sketches=False)
        day = document["bucket"].date().isoformat()
        for (route, _), series in figures.kind("request"):
            if not route.startswith(PROBES):
                found[day] = found.get(day, Availability()) + Availability(series.total(), errors(series.counts))
    return dict(sorted(found.items()))


def _latencies(reading: Reading) -> Latencies:
    figures = reading.figures(CALLS)
    by_model, by_agent = figures.grouped("ai", 0), figures.grouped("ai", 1)
    return Latencies(
        by_agent={name: _latency(series) for name, series in by_agent.items()},
        by_model={name: _latency(series) for name, series in by_model.items()},
    )


def _latency(series: Series) -> Latency:
    sketch = series.sketch("seconds")
    return Latency(sketch.mean, sketch.quantile(0.5), sketch.quantile(0.95))
