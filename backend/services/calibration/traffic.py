"""Counts own traffic in memory and writes the counts every few seconds: no request waits for it."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime

import structlog

from backend.domain.calibration.ranks import OTHERS, bin_of
from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.repositories.routing_traffic import PERMILLE, RoutingTrafficRepository, TrafficDay
from backend.services.tasks import end

EVERY_S = 5.0

log = structlog.get_logger()


class TrafficCounter:
    """now: the time, aware, UTC. A worker that is killed loses what it has not written."""

    def __init__(
        self, repository: RoutingTrafficRepository, *, now: Callable[[], datetime], every_s: float = EVERY_S
    ) -> None:
        self._repository = repository
        self._now = now
        self._every_s = every_s
        self._rows: dict[tuple[date, str], TrafficDay] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="routing_traffic")

    async def close(self) -> None:
        """What was counted is written before, where the database answers."""
        await end(self._task)
        await self.flush()

    def count(self, domain: str | None, score: float, *, large: bool, large_share: float) -> None:
        """A request whose model was routing's choice. large_share: the budget that held for it."""
        row = self._row(domain or OTHERS)
        row.bins[bin_of(score)] += 1
        row.large += large
        row.allowed += round(large_share * PERMILLE)

    def outcome(self, name: str) -> None:
        """What became of one comparison. name: from a closed set."""
        outcomes = self._row(OTHERS).outcomes
        outcomes[name] = outcomes.get(name, 0) + 1

    async def flush(self) -> None:
        """Where the database does not answer, the counts are kept."""
        rows, self._rows = list(self._rows.values()), {}
        while rows:
            try:
                added = await self._repository.add(rows[-1], self._now())
            except (DatabaseUnavailable, DeadlineExceeded):
                log.info("routing_traffic_kept", rows=len(rows))
                break
            if added:
                rows.pop()
        for row in rows:
            self._merge(row)

    def _row(self, domain: str) -> TrafficDay:
        day = self._now().date()
        return self._rows.setdefault((day, domain), TrafficDay(day, domain))

    def _merge(self, row: TrafficDay) -> None:
        """Counts that could not be written, beside what was counted meanwhile."""
        now = self._rows.setdefault((row.day, row.domain), TrafficDay(row.day, row.domain))
        now.bins = [mine + theirs for mine, theirs in zip(now.bins, row.bins, strict=True)]
        now.large += row.large
        now.allowed += row.allowed
        now.outcomes = {
            name: now.outcomes.get(name, 0) + row.outcomes.get(name, 0) for name in {*now.outcomes, *row.outcomes}
        }

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.flush()
