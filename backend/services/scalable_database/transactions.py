"""Many writes in one transaction: all of them or none, retried where the server says that a retry is safe."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from pymongo.errors import BulkWriteError, PyMongoError

from backend.errors import DeadlineExceeded
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.writes import AlreadyStored, Write

TRANSIENT = "TransientTransactionError"
DUPLICATE_KEY = 11000
FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.1


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
        try:
            await self._driver.transact(writes, lambda: deadline - self._clock())
        except PyMongoError as error:
            if error.has_error_label(TRANSIENT):
                if self._clock() < deadline:
                    return False
                raise DeadlineExceeded("The database did not finish in time.") from error
            if isinstance(error, BulkWriteError) and repeats_a_key(error):
                raise AlreadyStored(str(error.code)) from error
            raise
        return True
