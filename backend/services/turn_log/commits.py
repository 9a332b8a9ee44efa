"""Commits a batch of entries so that one that cannot be written never fails the others."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from pymongo.errors import PyMongoError

from backend.errors import AetherError, Conflict, DeadlineExceeded
from backend.services.scalable_database import ScalableDatabase, WriteRefused
from backend.services.turn_log.entries import Entry, merged_writes
from backend.services.turn_log.judgement import read_stored, settle

PATIENCE = 3
"""Refusals that what is stored does not explain (two workers' first counters of a day) before a batch is divided."""

LONGEST_PAUSE_S = 0.02
UNWRITABLE = (PyMongoError, ValueError, TypeError, OverflowError)
"""What a document that BSON or the server refuses raises, beside PyMongo's own."""


class Committer:
    def __init__(
        self,
        database: ScalableDatabase,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jitter = jitter

    async def commit(self, entries: Sequence[Entry]) -> None:
        """Ends with every entry acknowledged or failed. It raises nothing of the database's."""
        try:
            await self._commit(list(entries))
        except AetherError as error:
            for entry in entries:
                entry.fail(error)

    async def _commit(self, entries: list[Entry]) -> None:
        unexplained = 0
        while entries:
            try:
                await self._database.commit(merged_writes(entries), timeout_s=self._time_left(entries))
            except WriteRefused:
                settled = await self._settle(entries)
                entries = [entry for entry in entries if not entry.settled]
                unexplained = 0 if settled else unexplained + 1
                if unexplained > PATIENCE:
                    await self._divide(entries, Conflict("The turn contradicts what is stored."))
                    return
                if unexplained:
                    await asyncio.sleep(LONGEST_PAUSE_S * self._jitter())
            except UNWRITABLE as error:
                await self._divide(entries, error)
                return
            else:
                for entry in entries:
                    entry.acknowledge()
                return

    def _time_left(self, entries: Sequence[Entry]) -> float:
        left = max(entry.deadline for entry in entries) - self._clock()
        if left <= 0:
            raise DeadlineExceeded("The database did not finish in time.")
        return left

    async def _settle(self, entries: Sequence[Entry]) -> bool:
        """True: what is stored changed something, so that another attempt is not the same again."""
        stored = await read_stored(self._database, entries)
        changed = [settle(entry, stored) for entry in entries]
        return any(changed)

    async def _divide(self, entries: Sequence[Entry], error: Exception) -> None:
        """Halves the batch until the entry that is to blame stands alone."""
        if len(entries) == 1:
            entries[0].fail(error)
            return
        middle = len(entries) // 2
        await self.commit(entries[:middle])
        await self.commit(entries[middle:])
