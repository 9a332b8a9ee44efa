"""Runs a cascade: the small model's call, the check of its answer, and the large model's call where that is needed.

The first answer is held back until it is checked, so that a stream never takes anything back.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from backend.domain.answers.cascade import CascadeUse, Hindrance, judged
from backend.domain.answers.checks import check_answer
from backend.domain.answers.worked import WorkedAnswers
from backend.domain.models import ModelCatalogue
from backend.errors import AetherError, BudgetExceeded
from backend.services.enhanced_ai_service.calls import Emit, ModelCall
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan

MARGIN_S = 0.5
"""Of the request's time, kept for handing the first answer out where the second does not come."""

Begin = Callable[[Plan, str, float, Emit | None], ModelCall]
"""A call of a plan, its purpose, its deadline (a time.monotonic() instant), and who is told of its pieces."""


@dataclass(frozen=True, slots=True)
class Cascaded:
    """call: the one whose answer is given."""

    call: ModelCall
    use: CascadeUse


class Cascade:
    """worked: judges calculated answers, None where nothing was fitted."""

    def __init__(
        self,
        catalogue: ModelCatalogue,
        pace: Pace,
        worked: WorkedAnswers | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worked = worked
        self._catalogue = catalogue
        self._pace = pace
        self._clock = clock

    async def run(self, plan: Plan, begin: Begin, deadline: float, emit: Emit | None) -> Cascaded:
        """plan: with an escalation. Raises what the first call raises, and what the second does once it has text."""
        first = begin(plan, "answer", deadline, None)
        await first.run()
        check = check_answer(plan.question, first.content, first.finish_reason or "stop", self._worked)
        second, hindrance = self._second(plan, first, deadline)
        use = judged(first.model, check, hindrance)
        if use.escalated and second:
            call = begin(second, "escalation", deadline - MARGIN_S, emit)
            if await self._escalate(first, call):
                return Cascaded(call, use)
            use = judged(first.model, check, "model")
        if emit and (first.content or first.reasoning):
            emit(first.content, first.reasoning)
        return Cascaded(first, use)

    def _second(self, plan: Plan, first: ModelCall, deadline: float) -> tuple[Plan | None, Hindrance | None]:
        """The large model's plan within what is left of money and time, or why there is none."""
        second = plan.escalation
        if second is None or first.model == second.model.id:
            return None, "answered"
        if self._clock() + self._pace.seconds(second.model.id) > deadline - MARGIN_S:
            return None, "time"
        spent = first.record(self._catalogue).cost
        if plan.max_cost is None:
            return second, None
        try:
            return second.within(plan.max_cost - (spent or 0)), None
        except BudgetExceeded:
            return None, "cost"

    async def _escalate(self, first: ModelCall, second: ModelCall) -> bool:
        """False: the second call came to nothing, and the first answer stands. What went out cannot be replaced."""
        first.given_up = True
        try:
            await second.run()
        except asyncio.CancelledError:
            self._stand(first, second)
            raise
        except AetherError:
            if not self._stand(first, second):
                raise
            return False
        return True

    @staticmethod
    def _stand(first: ModelCall, second: ModelCall) -> bool:
        """The first answer is the one that counts again, unless some of the second has gone out."""
        first.given_up = bool(second.content)
        second.given_up = not first.given_up
        return second.given_up
