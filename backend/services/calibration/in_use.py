"""Which calibration is in use, and what administrators have set, known to every worker within a second.

MongoDB holds it; the bus says that it has changed. Where the bus is deaf it is read again and again.
"""

import asyncio
from contextlib import suppress

import structlog

from backend.domain.calibration.evidence import Evidence
from backend.domain.calibration.history import CalibrationSettings, CalibrationState, Fitted
from backend.domain.calibration.ranks import UNCALIBRATED, Calibration
from backend.errors import DatabaseUnavailable, DeadlineExceeded
from backend.services.changes import Announcements
from backend.services.redis_client import RedisUnavailable
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.tasks import end

CHANNEL = "calibration"
HEARING_S, DEAF_S = 5.0, 0.5

log = structlog.get_logger()


class CalibrationInUse:
    """Construct it before the bus starts. hearing_s, deaf_s: between two looks, where the bus works and where not."""

    def __init__(
        self,
        repository: CalibrationRepository,
        bus: Announcements,
        *,
        hearing_s: float = HEARING_S,
        deaf_s: float = DEAF_S,
    ) -> None:
        self._repository = repository
        self._bus = bus
        self._hearing_s, self._deaf_s = hearing_s, deaf_s
        self._state = CalibrationState()
        self._fitted: Fitted | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.subscribe(CHANNEL, lambda _: self._changed.set())
        bus.on_gap(self._changed.set)

    async def start(self) -> None:
        """Raises DatabaseUnavailable, DeadlineExceeded: a worker must not route by another rule than the others."""
        await self.look()
        self._task = asyncio.create_task(self._run(), name="calibration")

    async def close(self) -> None:
        await end(self._task)

    @property
    def settings(self) -> CalibrationSettings:
        return self._state.settings

    @property
    def state(self) -> CalibrationState:
        return self._state

    @property
    def fitted(self) -> Fitted | None:
        """How the calibration in use came about, None while there is none."""
        return self._fitted

    def current(self) -> Calibration:
        return self._fitted.calibration if self._fitted else UNCALIBRATED

    def evidence(self) -> Evidence:
        """What is known of it now; what was known when it was fitted, where it has not been looked at since."""
        fitted, known = self._fitted, self._state.evidence
        if fitted is None or known.version == fitted.version:
            return known
        loss = fitted.loss
        if loss is None:
            return Evidence(True, version=fitted.version, fitted_at=fitted.at)
        return Evidence(True, loss.share, loss.low, loss.high, loss.labels, fitted.version, fitted.at)

    async def announce(self) -> None:
        """What is stored already: in force here on return, on the other workers within a second."""
        await self.look()
        try:
            await self._bus.publish(CHANNEL, b"")
        except RedisUnavailable:
            log.warning("change_not_announced", channel=CHANNEL)

    async def look(self) -> None:
        """Reads what is in use now."""
        state = await self._repository.state()
        if state.in_use != self.current().version:
            self._fitted = await self._repository.get(state.in_use) if state.in_use else None
        self._state = state

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._hearing_s if self._bus.connected else self._deaf_s):
                    await self._changed.wait()
            self._changed.clear()
            with suppress(DatabaseUnavailable, DeadlineExceeded):
                await self.look()
