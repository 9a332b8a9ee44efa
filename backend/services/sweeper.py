"""Marks the turns that a crash left open, and closes days for the reports, in one worker at a time."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.repositories.leases import LeaseRepository
from backend.services.tasks import end
from backend.services.turn_log import TurnLog
from backend.services.usage_closing import UsageClosing

LEASE = "sweep"
EVERY_S = 15.0
LEASE_S = 45.0

log = structlog.get_logger()


class Sweeper:
    """owner: this worker's name in the lease."""

    def __init__(
        self,
        turn_log: TurnLog,
        closing: UsageClosing,
        leases: LeaseRepository,
        *,
        owner: str,
        every_s: float = EVERY_S,
    ) -> None:
        self._turn_log = turn_log
        self._closing = closing
        self._leases = leases
        self._owner = owner
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def close(self) -> None:
        await end(self._task)

    async def _run(self) -> None:
        while True:
            with suppress(DatabaseUnavailable, DeadlineExceeded):
                await self.sweep()
            await asyncio.sleep(self._every_s)

    async def sweep(self) -> int:
        """How many turns were marked; 0 where another worker has the lease."""
        if not await self._leases.acquire(LEASE, self._owner, LEASE_S):
            return 0
        swept = await self._turn_log.sweep(datetime.now(UTC))
        await self._closing.run(datetime.now(UTC))
        if swept:
            log.warning("turns_left_open_by_a_crash", count=swept)
        return swept
