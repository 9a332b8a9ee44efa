"""Figures of all workers: this worker's from memory, the others' from MongoDB."""

import asyncio
from dataclasses import dataclass

import structlog

from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.performance_monitor.figures import Figures
from backend.services.performance_monitor.rollups import Document, Level, Rollups, instant
from backend.services.repositories.metrics import MetricsRepository

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reading:
    """Documents of a span. complete False: MongoDB is away, they are this worker's own."""

    documents: list[Document]
    complete: bool

    def since(self, seconds: int) -> "Reading":
        """Only the documents whose span began at an instant or later."""
        begin = instant(seconds)
        return Reading([document for document in self.documents if document["bucket"] >= begin], self.complete)

    def figures(self, kinds: frozenset[str] | None = None, *, sketches: bool = True) -> Figures:
        """All of them merged; decoding takes milliseconds for long windows: call it in a thread."""
        merged = Figures()
        for document in self.documents:
            merged.absorb(document["series"], kinds=kinds, sketches=sketches)
        return merged


class FigureStore:
    def __init__(self, rollups: Rollups, repository: MetricsRepository) -> None:
        self._rollups = rollups
        self._repository = repository
        self._writing = asyncio.Lock()
        self.reachable = True

    async def flush(self) -> bool:
        """Writes what changed. False: MongoDB is away, everything stays in memory for the next time."""
        async with self._writing:
            documents = self._rollups.take_unwritten()
            written = False
            try:
                if documents:
                    await self._repository.upsert(documents)
                written = True
            except (DatabaseUnavailable, DeadlineExceeded) as error:
                self._note(reachable=False, reason=error.code)
            finally:
                if not written:
                    self._rollups.put_back(documents)
        if written:
            self._note(reachable=True)
        return written

    async def read(self, level: Level, since: int) -> Reading:
        """Documents whose span began at `since` (seconds since the epoch) or later.

        While MongoDB is away nobody waits for it here: the next flush that works finds out.
        """
        own = self._rollups.window(level, since)
        if not self.reachable:
            return Reading(own, complete=False)
        try:
            stored = await self._repository.window(level.name, instant(since))
        except (DatabaseUnavailable, DeadlineExceeded) as error:
            self._note(reachable=False, reason=error.code)
            return Reading(own, complete=False)
        others = [document for document in stored if document["worker"] != self._rollups.worker]
        return Reading(own + others, complete=True)

    def _note(self, *, reachable: bool, reason: str = "") -> None:
        if reachable != self.reachable:
            self.reachable = reachable
            if reachable:
                log.info("monitor_database_reachable")
            else:
                log.warning("monitor_database_unreachable", reason=reason)
