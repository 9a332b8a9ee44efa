"""Many writes in one transaction: all of them or none, retried where the server says that a retry is safe."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from backend.errors import DeadlineExceeded
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.writes import (
    AlreadyStored,
    Delete,
    Insert,
    NothingMatched,
    Write,
    expected_matches,
    runs,
)

TRANSIENT = "TransientTransactionError"
DUPLICATE_KEY = 11000
UNKNOWN = "UnknownTransactionCommitResult"
FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.1
SHORTEST_TIMEOUT_S = 0.001
ABORT_TIMEOUT_S = 1.0


def repeats_a_key(error: BulkWriteError) -> bool:
    return any(row.get("code") == DUPLICATE_KEY for row in (error.details or {}).get("writeErrors", ()))


class Transactions:
    """Commits groups of writes. jitter: a random number in [0, 1), so that two who collided part."""

    def __init__(
        self,
        driver: Driver,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._jitter = jitter

    async def commit(self, writes: Sequence[Write], *, timeout_s: float) -> None:
        """Durable on return. Raises NothingMatched, AlreadyStored, DatabaseUnavailable, DeadlineExceeded; after one
        of the latter two the writes may have happened all the same.
        """
        deadline = self._clock() + timeout_s
        pause = FIRST_PAUSE_S
        with translated():
            while not await self._attempt(writes, deadline):
                await asyncio.sleep(pause * (0.5 + self._jitter()))
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _attempt(self, writes: Sequence[Write], deadline: float) -> bool:
        """False: a collision or a failover undid everything, and there is time to try again."""
        session = await self._driver.begin()
        try:
            with pymongo.timeout(max(SHORTEST_TIMEOUT_S, deadline - self._clock())):
                await self._apply(writes, session)
                await self._finish(session, deadline)
        except PyMongoError as error:
            if error.has_error_label(TRANSIENT):
                if self._clock() < deadline:
                    return False
                raise DeadlineExceeded("The database did not finish in time.") from error
            if isinstance(error, BulkWriteError) and repeats_a_key(error):
                raise AlreadyStored(str(error.code)) from error
            raise
        finally:
            # Aborts what was not committed, with time of its own: left open, a transaction whose deadline has
            # passed would hold its documents for a minute.
            with pymongo.timeout(ABORT_TIMEOUT_S):
                await session.end_session()
        return True

    async def _apply(self, writes: Sequence[Write], session: AsyncClientSession) -> None:
        for name, kind, run in runs(writes):
            collection = self._driver.collection(name)
            result = await collection.bulk_write([write.operation() for write in run], ordered=False, session=session)
            touched = result.inserted_count if kind is Insert else result.matched_count + result.upserted_count
            if kind is Delete:
                touched = result.deleted_count
            if touched < expected_matches(run):
                raise NothingMatched(name)

    async def _finish(self, session: AsyncClientSession, deadline: float) -> None:
        """Commits. Where the answer got lost the same commit is asked for again: the server does it once."""
        while True:
            try:
                await session.commit_transaction()
            except (ConnectionFailure, OperationFailure) as error:
                if not error.has_error_label(UNKNOWN) or self._clock() >= deadline:
                    raise
                await asyncio.sleep(FIRST_PAUSE_S)
            else:
                return
