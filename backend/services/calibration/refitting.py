"""Looks at labels and traffic every few minutes, in one worker at a time, and fits where there is cause."""

import asyncio
from contextlib import suppress

import structlog

from backend.errors import Conflict, DatabaseUnavailable, DeadlineExceeded
from backend.services.calibration.fitting import Fitting
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.repositories.leases import LeaseRepository
from backend.services.tasks import end

LEASE = "calibration"
EVERY_S = 300.0
LEASE_S = 900.0

log = structlog.get_logger()


class Refitting:
    """owner: this worker's name in the lease."""

    def __init__(
        self,
        fitting: Fitting,
        in_use: CalibrationInUse,
        leases: LeaseRepository,
        monitor: PerformanceMonitor,
        *,
        owner: str,
        every_s: float = EVERY_S,
    ) -> None:
        self._fitting, self._in_use, self._leases, self._monitor = fitting, in_use, leases, monitor
        self._owner = owner
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="refitting")

    async def close(self) -> None:
        await end(self._task)

    async def look(self) -> bool:
        """Once. False where another worker has the lease."""
        if not await self._leases.acquire(LEASE, self._owner, LEASE_S):
            return False
        fitted = await self._fitting.refit_where_due()
        if fitted:
            log.info("calibration_fitted", version=fitted.version, cause=fitted.cause, share=fitted.share)
        elif drift := self._in_use.state.drift:
            self._monitor.record_routing(drift.index, abs(drift.excess))
        return True

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            with suppress(DatabaseUnavailable, DeadlineExceeded, Conflict):
                await self.look()
