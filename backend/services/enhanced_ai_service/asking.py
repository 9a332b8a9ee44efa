"""Gets one answer from a model, shared with identical requests in flight, and says who pays for it."""

from dataclasses import dataclass
from functools import partial

from backend.domain.models import ModelCatalogue
from backend.domain.usage import UsageRecord
from backend.services.enhanced_ai_service.calls import Emit, ModelCall
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan
from backend.services.llm.provider import Provider
from backend.services.performance_cache import CachedAnswer, PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.single_flight import Recall, SingleFlight


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to get. deadline: time.monotonic() instant. key: unique to the request unless it may be shared.

    reusable: the answer may go to the cache. shared: identical requests may wait for the same call.
    """

    user_id: str
    plan: Plan
    key: str
    deadline: float
    reusable: bool = False
    shared: bool = False
    purpose: str = "answer"
    correlation_id: str | None = None
    emit: Emit | None = None


class Asker:
    """Knows every upstream call from its start until somebody settles it."""

    def __init__(
        self,
        provider: Provider,
        catalogue: ModelCatalogue,
        cache: PerformanceCache,
        flights: SingleFlight,
        monitor: PerformanceMonitor,
        pace: Pace,
    ) -> None:
        self.catalogue = catalogue
        self._provider = provider
        self._cache = cache
        self._flights = flights
        self._monitor = monitor
        self._pace = pace
        self._calls: dict[tuple[str, str], list[ModelCall]] = {}

    async def ask(self, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        """(answer, coalesced). coalesced: another request asked and pays. Raises what the provider raises."""
        if not attempt.shared:
            return await self._call(attempt), False
        return await self._flights.run(
            attempt.user_id,
            attempt.key,
            lambda: self._call(attempt),
            deadline=attempt.deadline,
            recall=Recall(self._cache.l3_key(attempt.user_id, attempt.plan.key), partial(self._known, attempt)),
        )

    async def known(self, attempt: Attempt) -> CachedAnswer | None:
        """What an identical request that ended meanwhile has learned."""
        hit = await self._cache.look_again(attempt.user_id, attempt.plan.key) if attempt.reusable else None
        return hit.answer if hit else None

    def _known(self, attempt: Attempt, stored: bytes | None) -> CachedAnswer | None:
        """What an identical request has learned since this one looked."""
        user_id, key = attempt.user_id, attempt.plan.key
        hit = self._cache.accept(user_id, key, stored) if stored else self._cache.peek(user_id, key)
        return hit.answer if hit else None

    async def _call(self, attempt: Attempt) -> CachedAnswer:
        plan = attempt.plan
        request = plan.request(attempt.deadline, attempt.correlation_id)
        call = ModelCall(self._provider, request, plan.agent.id, attempt.purpose, attempt.emit)
        self._calls.setdefault((attempt.user_id, attempt.key), []).append(call)
        await call.run()
        answer = answer_of(attempt.user_id, call, call.record(0, "ok", self.catalogue))
        if attempt.reusable and answer.finish_reason == "stop":
            await self._cache.put(attempt.user_id, plan.key, answer)
        return answer

    def settle(self, attempt: Attempt, outcome: str, index: int = 0) -> tuple[ModelCall, UsageRecord] | None:
        """The call that this attempt has to pay for, once. None: it made none, or others still wait for it."""
        key = (attempt.user_id, attempt.key)
        calls = self._calls.get(key, [])
        call = next((call for call in calls if call.ended), None)
        if call is None:
            return None
        calls.remove(call)
        if not calls:
            del self._calls[key]
        record = call.record(index, outcome, self.catalogue)
        self._monitor.record_ai_metrics(record)
        self._pace.observe(record)
        return call, record


def answer_of(user_id: str, call: ModelCall, record: UsageRecord, finish_reason: str | None = None) -> CachedAnswer:
    """What a call answered, or so far answered."""
    return CachedAnswer(
        user_id=user_id,
        content=call.content,
        reasoning=call.reasoning,
        finish_reason=finish_reason or call.finish_reason or "stop",
        agent=call.agent,
        model=call.model,
        usage=record.usage,
        cost=record.cost,
        baseline=record.baseline,
        created_at=record.timestamp,
    )
