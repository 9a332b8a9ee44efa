"""The turn log: every question durable before its upstream call, every answer with its cost before it is done."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from zlib import crc32

from backend.domain.conversations import Turn, TurnOutcome
from backend.errors import DatabaseUnavailable
from backend.services.scalable_database import ScalableDatabase, Write
from backend.services.turn_log import entries
from backend.services.turn_log.commits import Committer
from backend.services.turn_log.counters import Counters, counters_of
from backend.services.turn_log.entries import Entry
from backend.services.turn_log.group_commit import GroupCommit
from backend.services.turn_log.sweep import Sweep

LANES = 2
"""Transactions under way at once: while MongoDB works on one, this worker prepares the next."""


class TurnLog:
    """Many callers share one transaction, each waits for its own acknowledgement, for timeout_s at most.

    A user's turns all go through one lane: two transactions of a worker never touch the same document.
    queue_max: entries that may wait in a lane.

    What is acknowledged is on disk on a majority. Repeating a call changes nothing. A caller that is cancelled
    has its write all the same. Raises DatabaseUnavailable and DeadlineExceeded (the write may have happened),
    Overloaded (it has not).
    """

    def __init__(
        self,
        database: ScalableDatabase,
        *,
        batch_max: int = 128,
        queue_max: int = 2_500,
        lanes: int = LANES,
        timeout_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s or database.timeout_s
        self._lanes = tuple(
            GroupCommit(Committer(database, clock=clock), batch_max=batch_max, queue_max=queue_max, clock=clock)
            for _ in range(lanes)
        )
        self._sweep = Sweep(database)

    async def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    async def stop(self) -> None:
        """Commits everything that was accepted."""
        await asyncio.gather(*(lane.stop() for lane in self._lanes))

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
        lane = self._lanes[crc32(turn.user_id.encode()) % len(self._lanes)]
        lane.submit(Entry(turn, outcome, opens, deadline, acknowledged, writes, counters, size))
        try:
            async with asyncio.timeout(self._timeout_s):
                await acknowledged
        except TimeoutError as error:
            raise DatabaseUnavailable("The database does not answer.", retry_after=1) from error
