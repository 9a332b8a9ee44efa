"""Which calibration is in use, and what administrators have set, known to every worker within a second.

MongoDB holds it; the bus says that it has changed. Where the bus is deaf it is read again and again.
"""

from backend.domain.calibration.evidence import Evidence
from backend.domain.calibration.history import CalibrationSettings, CalibrationState, Fitted
from backend.domain.calibration.ranks import UNCALIBRATED, Calibration
from backend.services.changes import Announcements, Following
from backend.services.repositories.calibrations import CalibrationRepository

CHANNEL = "calibration"
HEARING_S, DEAF_S = 5.0, 0.5


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
        self._state = CalibrationState()
        self._fitted: Fitted | None = None
        self._following = Following(CHANNEL, bus, self.look, hearing_s=hearing_s, deaf_s=deaf_s)

    async def start(self) -> None:
        """Raises DatabaseUnavailable, DeadlineExceeded: a worker must not route by another rule than the others."""
        await self._following.start()

    async def close(self) -> None:
        await self._following.close()

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
        await self._following.announce()

    async def look(self) -> None:
        """Reads what is in use now."""
        state = await self._repository.state()
        if state.in_use != self.current().version:
            self._fitted = await self._repository.get(state.in_use) if state.in_use else None
        self._state = state
