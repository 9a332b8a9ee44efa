"""Gets one answer from a model, shared with identical requests in flight, and says who pays for it."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from backend.domain.models import ModelCatalogue
from backend.domain.usage import TokenUsage, UsageRecord, sum_known
from backend.errors import DeadlineExceeded
from backend.services.enhanced_ai_service.calls import TIMER_SLACK_S, Emit, ModelCall
from backend.services.enhanced_ai_service.cascading import Cascade
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan
from backend.services.llm.provider import Provider
from backend.services.performance_cache import CachedAnswer, Hit, PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.single_flight import Produce, Recall, SingleFlight

log = structlog.get_logger()


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


@dataclass(frozen=True, slots=True)
class Settlement:
    """The calls that an attempt pays for, and their records in the ledger: none where others pay or still wait."""

    calls: tuple[ModelCall, ...] = ()
    records: tuple[UsageRecord, ...] = ()

    @property
    def text(self) -> str:
        """What there is of an answer."""
        return self.answering[0].content if self.calls else ""

    @property
    def answering(self) -> tuple[ModelCall, UsageRecord]:
        """The last call that has any text, else the last one; there must be one."""
        pairs = list(zip(self.calls, self.records, strict=True))
        return next((pair for pair in reversed(pairs) if pair[0].content), pairs[-1])


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
        cascade: Cascade,
    ) -> None:
        self._catalogue = catalogue
        self._provider = provider
        self._cache = cache
        self._flights = flights
        self._monitor = monitor
        self._pace = pace
        self._cascade = cascade
        self._calls: dict[tuple[str, str], list[ModelCall]] = {}

    async def ask(self, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        """(answer, coalesced). coalesced: another request asked and pays. Raises what the provider raises."""
        if not attempt.shared:
            return await self._call(attempt), False
        led = False

        def lead() -> Awaitable[CachedAnswer]:
            nonlocal led
            led = True
            return self._call(attempt)

        while True:
            try:
                return await self._share(attempt, lead)
            except DeadlineExceeded:
                if led or time.monotonic() >= attempt.deadline - TIMER_SLACK_S:
                    raise  # else it was another request's deadline, and this one has time left

    async def _share(self, attempt: Attempt, lead: Produce) -> tuple[CachedAnswer, bool]:
        recall = Recall(self._cache.l3_key(attempt.user_id, attempt.plan.key), partial(self._known, attempt))
        return await self._flights.run(attempt.user_id, attempt.key, lead, deadline=attempt.deadline, recall=recall)

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
        answer = await (self._checked(attempt) if attempt.plan.escalation else self._plain(attempt))
        whole = answer.finish_reason == "stop" and not (answer.cascade and answer.cascade.hindered_by)
        if attempt.reusable and whole:
            await self._cache.put(attempt.user_id, attempt.plan.key, answer)
        return answer

    async def _plain(self, attempt: Attempt) -> CachedAnswer:
        call = self._begin(attempt, attempt.plan, attempt.purpose, attempt.deadline, attempt.emit)
        await call.run()
        return answer_of(attempt.user_id, call, call.record(self._catalogue))

    async def _checked(self, attempt: Attempt) -> CachedAnswer:
        """Of a cascade: what it has cost is what its calls have cost, the one that was given up included."""
        calls: list[ModelCall] = []

        def begin(plan: Plan, purpose: str, deadline: float, emit: Emit | None) -> ModelCall:
            calls.append(self._begin(attempt, plan, purpose, deadline, emit))
            return calls[-1]

        done = await self._cascade.run(attempt.plan, begin, attempt.deadline, attempt.emit)
        records = [call.record(self._catalogue) for call in calls]
        return replace(
            answer_of(attempt.user_id, done.call, done.call.record(self._catalogue)),
            usage=sum((record.usage for record in records), TokenUsage()),
            cost=sum_known([record.cost for record in records]),
            cascade=done.use,
        )

    def _begin(self, attempt: Attempt, plan: Plan, purpose: str, deadline: float, emit: Emit | None) -> ModelCall:
        """A call that settle knows of."""
        call = ModelCall(self._provider, plan.request(deadline, attempt.correlation_id), plan.agent.id, purpose, emit)
        self._calls.setdefault((attempt.user_id, attempt.key), []).append(call)
        return call

    def count_lookup(self, hit: Hit | None) -> None:
        """One question that was looked up, by where its answer came from; None: a model was asked for it."""
        self._monitor.record_cache(hit.layer if hit else None, saved=hit.answer.cost if hit else None)

    def settle(self, attempt: Attempt) -> Settlement:
        """The calls under the attempt's key that have ended and that nobody has paid for yet; each is handed out once.

        Several only where a leader gave up before its followers did, and one of them asked again.
        """
        key = (attempt.user_id, attempt.key)
        calls = self._calls.pop(key, [])
        if running := [call for call in calls if not call.ended]:
            self._calls[key] = running
        ended = tuple(call for call in calls if call.ended)
        records = tuple(call.record(self._catalogue) for call in ended)
        for call, record in zip(ended, records, strict=True):
            self._monitor.record_ai_metrics(record)
            self._pace.observe(record)
            self._reconcile(call, record)
        return Settlement(ended, records)

    def _reconcile(self, call: ModelCall, record: UsageRecord) -> None:
        """Both figures of whatever the vendor counts differently go to the log, and one call to the counter."""
        found = call.discrepancies(record, self._catalogue)
        for one in found:
            log.warning("usage_differs", model=record.model, kind=one.kind, ours=one.ours, theirs=one.theirs)
        if found:
            self._monitor.record_discrepancy(record)


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
