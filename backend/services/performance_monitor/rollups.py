"""Roll-ups: figures by minute, hour and day, one document per worker and span, replaced until the span is over.

A document's id names the worker instance, so a restarted worker writes new documents: what its predecessor measured
stays, nothing is counted twice, and writing a document again changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

from backend.services.performance_monitor.figures import Figures

WindowName = Literal["1h", "24h", "30d"]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Level:
    """seconds: the span of one document. From its beginning on it is in memory for kept_s, in MongoDB for stored_s."""

    name: str
    seconds: int
    kept_s: int
    stored_s: int

    def span(self, now: float) -> int:
        """The start of the span that holds now, in seconds since the epoch."""
        return int(now // self.seconds) * self.seconds


MINUTE = Level("minute", 60, 3600 + 120, 3 * 3600)
HOUR = Level("hour", 3600, 25 * 3600, 3 * 86400)
DAY = Level("day", 86400, 31 * 86400, 40 * 86400)
LEVELS = (MINUTE, HOUR, DAY)
LEVELS_BY_NAME = {level.name: level for level in LEVELS}


@dataclass(frozen=True, slots=True)
class Window:
    """A span that ends now, and the level whose documents answer for it."""

    name: WindowName
    level: Level
    seconds: int

    def since(self, now: float) -> int:
        """The start of the window's first whole span."""
        return self.level.span(now - self.seconds)


WINDOWS: dict[WindowName, Window] = {
    "1h": Window("1h", MINUTE, 3600),
    "24h": Window("24h", HOUR, 86400),
    "30d": Window("30d", DAY, 30 * 86400),
}


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Rollups:
    """The documents of this worker: the open spans as figures, closed ones encoded, both by level. Thread-safe."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._open: dict[str, tuple[int, Figures]] = {}
        self._closed: dict[str, dict[int, Document]] = {level.name: {} for level in LEVELS}
        self._unwritten: set[tuple[str, int]] = set()
        self._status: Document = {}
        self._lock = Lock()

    def set_status(self, status: Mapping[str, Any]) -> None:
        """What this worker looks like now; it travels with the documents of the minute."""
        self._status = dict(status)

    def add(self, figures: Figures, at: float) -> None:
        """Counts figures into the spans that hold the instant (seconds since the epoch)."""
        with self._lock:
            for level in LEVELS:
                self._add(level, figures, at)

    def _add(self, level: Level, figures: Figures, at: float) -> None:
        start, current = self._open.get(level.name, (level.span(at), Figures()))
        span = max(level.span(at), start)
        if span != start:
            self._close(level, start, current, at)
            current = Figures()
        current.merge(figures)
        self._open[level.name] = (span, current)
        self._unwritten.add((level.name, span))

    def _close(self, level: Level, start: int, figures: Figures, now: float) -> None:
        closed = self._closed[level.name]
        closed[start] = self._document(level, start, figures)
        for old in [begin for begin in closed if begin < now - level.kept_s]:
            del closed[old]
            self._unwritten.discard((level.name, old))

    def _document(self, level: Level, start: int, figures: Figures) -> Document:
        return {
            "_id": f"{self.worker}:{level.name}:{start}",
            "worker": self.worker,
            "level": level.name,
            "bucket": instant(start),
            "expires_at": instant(start + level.stored_s),
            "status": self._status,
            "series": figures.encode(),
        }

    def _lookup(self, level: Level, start: int) -> Document | None:
        span, figures = self._open.get(level.name, (None, None))
        if span == start and figures is not None:
            return self._document(level, start, figures)
        return self._closed[level.name].get(start)

    def take_unwritten(self) -> list[Document]:
        """Documents that changed since they were last taken."""
        with self._lock:
            taken, self._unwritten = self._unwritten, set()
            documents = [self._lookup(LEVELS_BY_NAME[name], start) for name, start in sorted(taken)]
            return [document for document in documents if document is not None]

    def put_back(self, documents: Iterable[Document]) -> None:
        """Documents that could not be written: they are taken again."""
        spans = {(document["level"], int(document["bucket"].timestamp())) for document in documents}
        with self._lock:
            self._unwritten |= spans

    def window(self, level: Level, since: int) -> list[Document]:
        """This worker's documents from an instant on, in memory."""
        with self._lock:
            spans = {*self._closed[level.name], *([self._open[level.name][0]] if level.name in self._open else [])}
            documents = [self._lookup(level, start) for start in sorted(spans) if start >= since]
            return [document for document in documents if document is not None]
