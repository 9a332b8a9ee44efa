"""The face of calibration: what routes, the planner and the savings ledger ask, and what answers tell it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.domain.calibration.comparisons import COMPARISONS_OWNER
from backend.domain.calibration.evidence import Evidence
from backend.domain.calibration.history import CalibrationSettings, CalibrationState, Fitted
from backend.domain.feedback import Rating
from backend.services.budgets import Budgets
from backend.services.calibration.comparisons import Comparisons
from backend.services.calibration.fitting import Fitting
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.calibration.labelling import Labelling
from backend.services.calibration.traffic import TrafficCounter
from backend.services.enhanced_ai_service.observing import Answered
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.routing_labels import AdminRoutingLabelRepository, LabelSum
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from backend.services.tasks import TaskOwner

SHOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What administrators see. fitted: how what is in use came about, None while uncalibrated.

    spent: pico-dollars of comparisons today (UTC). days: own traffic, oldest first.
    """

    state: CalibrationState
    fitted: Fitted | None
    evidence: Evidence
    large_share: float
    spent: int
    labels: list[LabelSum]
    days: list[TrafficDay]

    @property
    def comparisons(self) -> dict[str, int]:
        """How many, by what became of them."""
        sums: Counter[str] = Counter()
        for row in self.days:
            sums.update(row.outcomes)
        return dict(sums)


class Calibrations:
    """Observes answers without ever holding one up."""

    def __init__(
        self,
        in_use: CalibrationInUse,
        fitting: Fitting,
        comparisons: Comparisons,
        labelling: Labelling,
        traffic: TrafficCounter,
        *,
        repository: CalibrationRepository,
        labels: AdminRoutingLabelRepository,
        days: RoutingTrafficRepository,
        budgets: Budgets,
    ) -> None:
        self._in_use, self._fitting, self._comparisons = in_use, fitting, comparisons
        self._labelling, self._traffic = labelling, traffic
        self._repository, self._labels, self._days, self._budgets = repository, labels, days, budgets
        self._tasks = TaskOwner()

    def drain(self) -> None:
        """This worker is to end: nothing more is compared."""
        self._comparisons.drain()

    async def close(self) -> None:
        await self._tasks.close(timeout_s=2.0)

    def evidence(self) -> Evidence:
        """What is known of the quality that routing costs, for whoever shows what it saves."""
        return self._in_use.evidence()

    def observe(self, answered: Answered) -> None:
        if answered.routed and answered.afresh:
            large = answered.tier == "large"
            share = self._fitting.large_share if answered.large_share is None else answered.large_share
            self._traffic.count(answered.domain, answered.score, large=large, large_share=share)
        self._comparisons.consider(answered)
        if answered.replaced_id:
            self._tasks.spawn(self._labelling.regenerated(answered.user_id, answered.replaced_id, answered.replaced))

    async def rated(self, user_id: str, message_id: str, receipt: Mapping[str, Any] | None, rating: Rating) -> None:
        """A verdict of the user's on an answer of theirs."""
        await self._labelling.rated(user_id, message_id, receipt, rating)

    async def withdrawn(self, user_id: str, message_id: str) -> None:
        await self._labelling.withdrawn(user_id, message_id)

    async def report(self) -> CalibrationReport:
        """What other workers have counted in the last seconds is not in it yet."""
        await self._traffic.flush()
        since = self._fitting.today() - timedelta(days=SHOWN_DAYS - 1)
        return CalibrationReport(
            state=self._in_use.state,
            fitted=self._in_use.fitted,
            evidence=self._in_use.evidence(),
            large_share=self._fitting.large_share,
            spent=(await self._budgets.today(COMPARISONS_OWNER)).cost,
            labels=await self._labels.sums(),
            days=await self._days.since(since),
        )

    async def configure(self, settings: CalibrationSettings, actor: str) -> None:
        await self._fitting.configure(settings, actor)

    async def preview(self, actor: str) -> Fitted:
        """What a fit would come to now. Raises Conflict where there is too little traffic."""
        return await self._fitting.preview(actor)

    async def refit(self, actor: str) -> Fitted:
        """Raises Conflict where there is too little traffic, or another fit at this moment."""
        return await self._fitting.refit(actor)

    async def roll_back(self, version: int, actor: str) -> None:
        """0: uncalibrated. Raises NotFound."""
        await self._fitting.roll_back(version, actor)

    async def page(self, limit: int, cursor: str | None) -> tuple[list[Fitted], str | None]:
        """Newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        return await self._repository.page(limit, cursor)
