"""Opens databases and turn logs for a test and closes them after it."""

import gc
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from backend.services.scalable_database import CommandEvent, ScalableDatabase
from backend.services.turn_log import TurnLog

Driver = Literal["motor", "pymongo"]
DRIVERS: tuple[Driver, ...] = ("motor", "pymongo")


@asynccontextmanager
async def opened(
    url: str,
    name: str,
    driver: Driver = "motor",
    *,
    on_command: Callable[[CommandEvent], None] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    timeout_s: float = 5.0,
    slow_s: float = 0.3,
) -> AsyncIterator[ScalableDatabase]:
    database = ScalableDatabase(
        url, name, driver=driver, pool_min=0, on_command=on_command, now=now, timeout_s=timeout_s, slow_s=slow_s
    )
    await database.start(create_indexes=False)
    try:
        yield database
    finally:
        await database.close()
        if driver == "pymongo":
            _collect_sockets()


def _collect_sockets() -> None:
    """PyMongo 4.20 forgets to close a socket where its monitor is stopped while it connects; not ours to report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@asynccontextmanager
async def started(database: ScalableDatabase, timeout_s: float | None = None) -> AsyncIterator[TurnLog]:
    log = TurnLog(database, timeout_s=timeout_s)
    await log.start()
    try:
        yield log
    finally:
        await log.stop()
