"""Whether a request may run, and whether its answer is known already: one round trip to Redis for both."""

from backend.services.limiter import Limiter
from backend.services.performance_cache import Hit, PerformanceCache


class Admission:
    def __init__(self, limiter: Limiter, cache: PerformanceCache) -> None:
        self._limiter = limiter
        self._cache = cache

    async def admit(self, user_id: str, key: str | None) -> Hit | None:
        """The reusable answer, None where there is none or key is None. Raises RateLimited.

        An answer in this worker's memory draws on the local lease and costs no round trip.
        """
        hit = self._cache.peek(user_id, key) if key else None
        if hit and self._limiter.admit_local(user_id):
            return hit
        wanted = self._cache.l3_key(user_id, key) if key and not hit else None
        admission = await self._limiter.admit(user_id, wanted)
        return hit or (self._cache.accept(user_id, key, admission.stored) if key else None)
