"""The queue: an entry is committed at once where nothing is under way, else together with all that arrive meanwhile."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from backend.errors import DatabaseUnavailable, Overloaded
from backend.services.turn_log.entries import Entry

BATCH_CHARACTERS = 4_000_000

log = structlog.get_logger()


class BatchCommitter(Protocol):
    async def commit(self, entries: Sequence[Entry]) -> None:
        """Ends with every entry acknowledged or failed."""
        ...


class GroupCommit:
    """batch_max entries at most share a transaction, and BATCH_CHARACTERS or so."""

    def __init__(
        self, committer: BatchCommitter, *, batch_max: int, queue_max: int, clock: Callable[[], float]
    ) -> None:
        self._committer = committer
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._clock = clock
        self._queue: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="turn_log")

    async def stop(self) -> None:
        """Commits what was accepted, accepts nothing more."""
        self._stopping = True
        self._arrived.set()
        if self._task:
            await self._task
            self._task = None

    def submit(self, entry: Entry) -> None:
        """Raises Overloaded where too many wait, and once it is stopping."""
        if self._stopping or self._task is None:
            raise Overloaded("The server is stopping.", retry_after=5)
        if len(self._queue) >= self._queue_max:
            raise Overloaded("Too many answers wait to be stored.", retry_after=1)
        self._queue.append(entry)
        self._arrived.set()

    async def _run(self) -> None:
        while self._queue or not self._stopping:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch = self._take()
            try:
                await self._committer.commit(batch)
            except Exception as error:
                log.exception("turn_log_commit_failed", entries=len(batch))
                for entry in batch:
                    entry.fail(error)

    def _take(self) -> list[Entry]:
        """The next batch. Entries that nobody waits for any more have been reported as failed: they are left out."""
        batch: list[Entry] = []
        size = 0
        while self._queue and len(batch) < self._batch_max and size < BATCH_CHARACTERS:
            entry = self._queue.popleft()
            if entry.deadline <= self._clock():
                entry.fail(DatabaseUnavailable("The database does not keep up.", retry_after=1))
                continue
            batch.append(entry)
            size += entry.size
        return batch
