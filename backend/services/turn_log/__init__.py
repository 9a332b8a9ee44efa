"""The turn log: every question durable before its upstream call, every answer with its cost before it is done."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from backend.domain.conversations import Turn, TurnOutcome
from backend.errors import DatabaseUnavailable
from backend.services.scalable_database import ScalableDatabase, Write
from backend.services.turn_log import entries
from backend.services.turn_log.commits import Committer
from backend.services.turn_log.counters import Counters, counters_of
from backend.services.turn_log.entries import Entry
from backend.services.turn_log.group_commit import GroupCommit
from backend.services.turn_log.sweep import Sweep


class TurnLog:
    """Many callers share one transaction, each waits for its own acknowledgement, for timeout_s at most.

    What is acknowledged is on disk on a majority. Repeating a call changes nothing. A caller that is cancelled
    has its write all the same. Raises DatabaseUnavailable and DeadlineExceeded (the write may have happened),
    Overloaded (it has not).
    """

    def __init__(
        self,
        database: ScalableDatabase,
        *,
        batch_max: int = 128,
        queue_max: int = 10_000,
        timeout_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s or database.timeout_s
        self._commits = GroupCommit(
            Committer(database, clock=clock), batch_max=batch_max, queue_max=queue_max, clock=clock
        )
        self._sweep = Sweep(database)

    async def start(self) -> None:
        self._commits.start()

    async def stop(self) -> None:
        """Commits everything that was accepted."""
        await self._commits.stop()

    async def open(self, turn: Turn) -> None:
        """Stores the question (none in a regeneration) and a pending answer; starts the conversation with a title.

        Raises NotFound where the conversation was deleted meanwhile, Conflict where another turn has the request id.
        """
        await self._write(turn, None, entries.opening(turn), Counters(), opens=True)

    async def close(self, turn: Turn, outcome: TurnOutcome) -> None:
        """Stores the answer, its calls in the ledger and the counters; of a deleted conversation only the latter."""
        await self._write(turn, outcome, entries.closing(turn, outcome), counters_of(turn, outcome), opens=False)

    async def record(self, turn: Turn, outcome: TurnOutcome) -> None:
        """open() and close() at once, for an answer that is there already."""
        await self._write(turn, outcome, entries.recording(turn, outcome), counters_of(turn, outcome), opens=True)

    async def sweep(self, now: datetime) -> int:
        """Marks turns that are open past their expiry as interrupted and unsettled; how many. One worker at a time."""
        return await self._sweep.run(now)

    async def _write(
        self, turn: Turn, outcome: TurnOutcome | None, writes: list[Write], counters: Counters, *, opens: bool
    ) -> None:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        size = entries.OVERHEAD_CHARACTERS + len(turn.content or "") + len(outcome.content if outcome else "")
        deadline = self._clock() + self._timeout_s
        self._commits.submit(Entry(turn, outcome, opens, deadline, acknowledged, writes, counters, size))
        try:
            async with asyncio.timeout(self._timeout_s):
                await acknowledged
        except TimeoutError as error:
            raise DatabaseUnavailable("The database does not answer.", retry_after=1) from error
