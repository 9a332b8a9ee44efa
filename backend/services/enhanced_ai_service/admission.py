"""Whether a request may run, and whether its answer is known already: one round trip to Redis for both."""

import asyncio
from dataclasses import dataclass

from backend.domain.budgets import Amount
from backend.services.budgets import Budgets, Hold
from backend.services.enhanced_ai_service.requests import Ask
from backend.services.limiter import Limiter, Slot
from backend.services.performance_cache import Hit, PerformanceCache


@dataclass(frozen=True, slots=True)
class Admitted:
    """hit: the reusable answer. hold: what is reserved for a request that has none; whoever runs it settles it."""

    hit: Hit | None
    hold: Hold | None = None


class Admission:
    def __init__(self, limiter: Limiter, cache: PerformanceCache, budgets: Budgets) -> None:
        self._limiter = limiter
        self._cache = cache
        self._budgets = budgets

    async def admit(self, ask: Ask, slot: Slot, key: str | None, amount: Amount, lifetime_s: float) -> Admitted:
        """key None: no answer is reused. Raises RateLimited, BudgetExceeded.

        amount: the most that the request may consume, reserved unless an answer is found. An answer in this worker's
        memory draws on the local lease and costs no round trip. slot: placed among those of all workers,
        unless there is an answer.
        """
        user_id = ask.user_id
        hit = self._cache.peek(user_id, key) if key else None
        if hit and self._limiter.admit_local(user_id, ask.api_key):
            return Admitted(hit)
        wanted = self._cache.l3_key(user_id, key) if key and not hit else None
        hold = None if hit else self._budgets.hold(user_id, amount, lifetime_s)
        try:
            admission = await self._limiter.admit(
                user_id,
                wanted,
                hold.claim if hold else None,
                api_key=ask.api_key,
                slot=None if hit else slot,
                lifetime_s=lifetime_s,
            )
        except asyncio.CancelledError:
            await self._budgets.release(hold)  # Redis may have reserved it
            raise
        hit = hit or (self._cache.accept(user_id, key, admission.stored) if key else None)
        if hit or hold is None:
            return Admitted(hit)
        await self._budgets.grant(hold, admission.verdict)
        return Admitted(None, hold)
