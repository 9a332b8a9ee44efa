"""Shadow sampling: some of the small model's answers are compared with the large one's, after they were given.

No request waits for it: what is drawn goes into a short queue, and what finds no place there is dropped and counted.
"""

import asyncio
import random
from collections.abc import Sequence

import structlog

from backend.domain.budgets import Budget
from backend.domain.calibration.comparisons import COMPARISON, COMPARISONS_OWNER
from backend.domain.ids import new_id
from backend.domain.usage import UsageRecord, format_usd
from backend.errors import AetherError, BudgetExceeded, DatabaseUnavailable, DeadlineExceeded
from backend.services.budgets import Budgets, Hold
from backend.services.calibration.comparing import COMPARISON_S, Comparer, Comparison, Sample
from backend.services.calibration.in_use import CalibrationInUse
from backend.services.calibration.labelling import Labelling
from backend.services.calibration.traffic import TrafficCounter
from backend.services.enhanced_ai_service.observing import Answered
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.scalable_database import WriteRefused
from backend.services.tasks import TaskOwner, end
from backend.services.turn_log.own_calls import OwnCalls

QUEUE_MAX = 50
CLOSING_S = 3.0

log = structlog.get_logger()


class Comparisons:
    """rng: who is drawn."""

    def __init__(
        self,
        comparer: Comparer,
        in_use: CalibrationInUse,
        budgets: Budgets,
        ledger: OwnCalls,
        labelling: Labelling,
        traffic: TrafficCounter,
        monitor: PerformanceMonitor,
        *,
        rng: random.Random,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._comparer, self._in_use, self._budgets = comparer, in_use, budgets
        self._ledger, self._labelling, self._traffic, self._monitor = ledger, labelling, traffic, monitor
        self._rng = rng
        self._queue: asyncio.Queue[Sample] = asyncio.Queue(queue_max)
        self._draining = False
        self._tasks = TaskOwner()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="comparisons")

    def drain(self) -> None:
        """This worker is to end: nothing is drawn any more, and what waits is dropped."""
        self._draining = True
        if self._task:
            self._task.cancel()

    async def close(self) -> None:
        """A comparison under way is broken off; what it has consumed is in the ledger."""
        self.drain()
        await end(self._task)
        await self._tasks.close(CLOSING_S)

    def consider(self, answered: Answered) -> None:
        """Draws from the small model's whole answers of users who have not opted out."""
        settings = self._in_use.settings
        wanted = answered.routed and answered.tier == "small" and answered.afresh and answered.comparable
        if self._draining or not settings.daily_budget or not wanted or answered.model == self._comparer.model.id:
            return
        if self._rng.random() >= settings.sample_share:
            return
        try:
            self._queue.put_nowait(_sample(answered))
        except asyncio.QueueFull:
            self._traffic.outcome("dropped")

    async def _run(self) -> None:
        while True:
            sample = await self._queue.get()
            try:
                self._traffic.outcome(await self._handle(sample))
            except AetherError as error:
                self._traffic.outcome("failed")
                log.info("comparison_failed", code=error.code)

    async def _handle(self, sample: Sample) -> str:
        """What became of it."""
        hold = await self._granted(sample)
        if hold is None:
            return "unaffordable"
        comparison = Comparison(sample)
        try:
            gain, source = await self._comparer.compare(comparison)
        finally:
            self._tasks.spawn(self._settle(hold, comparison))
        await self._labelling.compared(
            sample.user_id, sample.message_id, sample.model, sample.domain, sample.score, gain, source
        )
        return "compared"

    async def _granted(self, sample: Sample) -> Hold | None:
        """What the comparison may cost is reserved before it begins, over all workers; None where it is too much.

        What a worker would lend while Redis is away is not taken: workers would not know of each other's.
        """
        budget = Budget(cost=self._in_use.settings.daily_budget or 0)
        hold = self._budgets.hold(COMPARISONS_OWNER, self._comparer.most_of(sample), COMPARISON_S, budget=budget)
        if hold is None:
            return None
        try:
            await self._budgets.grant(hold, None)
        except BudgetExceeded:
            return None
        if any(part.lent for part in hold.parts):
            await self._budgets.release(hold)
            return None
        return hold

    async def _settle(self, hold: Hold, comparison: Comparison) -> None:
        """In the ledger first, then the rest of the reservation is given back."""
        records = self._comparer.records(comparison)
        for record in records:
            self._monitor.record_ai_metrics(record)
        try:
            await self._record(records)
        finally:
            await self._budgets.settle(hold, records)

    async def _record(self, records: Sequence[UsageRecord]) -> None:
        if not records:
            return
        try:
            await self._ledger.record(COMPARISONS_OWNER, new_id(COMPARISON), records)
        except (DatabaseUnavailable, DeadlineExceeded, WriteRefused):
            cost = sum(record.cost or 0 for record in records)
            log.warning("comparison_not_recorded", calls=len(records), cost_usd=format_usd(cost))


def _sample(answered: Answered) -> Sample:
    return Sample(
        user_id=answered.user_id,
        message_id=answered.message_id,
        domain=answered.domain,
        score=answered.score,
        model=answered.model,
        question=answered.question,
        answer=answered.answer,
        messages=answered.messages,
        temperature=answered.temperature,
        max_tokens=answered.max_tokens,
    )
