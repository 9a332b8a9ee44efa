"""Reuses the answer to a similar question of the user's own, where the user wants that and audits allow it."""

from collections.abc import Mapping
from typing import Any, Protocol

from backend.domain.agents import QUICK
from backend.domain.preferences import RoutingPreferences
from backend.domain.similarity.audit import answers_differ, is_audited
from backend.services.enhanced_ai_service.planning import Plan
from backend.services.enhanced_ai_service.requests import AgentAsk
from backend.services.performance_cache import CachedAnswer, Hit, PerformanceCache
from backend.services.tasks import TaskOwner


class SimilarWatch(Protocol):
    """As SimilarAnswersSwitch is: whether reuse is allowed, and what is told of it."""

    @property
    def enabled(self) -> bool: ...

    async def served(self) -> None: ...

    async def audited(self, *, differed: bool) -> None: ...

    async def disputed(self, message_id: str, receipt: Mapping[str, Any] | None) -> None: ...


class SimilarAnswers:
    """watch None: never. tasks: what is told of a reuse holds nobody up."""

    def __init__(self, cache: PerformanceCache, watch: SimilarWatch | None, tasks: TaskOwner) -> None:
        self._cache = cache
        self._watch = watch
        self._tasks = tasks

    def wanted(self, ask: AgentAsk, plan: Plan, preferences: RoutingPreferences) -> bool:
        """A quick answer has no receipt that could say what it was reused from."""
        if self._watch is None or not self._watch.enabled:
            return False
        return preferences.similar_answers and ask.reusable and plan.agent is not QUICK

    async def find(self, user_id: str, plan: Plan, question: str, request_id: str) -> tuple[Hit | None, bool]:
        """(hit, whether it is to be audited: asked afresh, and compared with what comes)."""
        hit = await self._cache.find_similar(user_id, plan.scope, question)
        audited = hit is not None and is_audited(request_id)
        if hit and not audited and self._watch:
            self._tasks.spawn(self._watch.served())
        return hit, audited

    def remember(self, user_id: str, plan: Plan, question: str) -> None:
        """That the question was answered, under the plan's key."""
        self._tasks.spawn(self._cache.remember_question(user_id, plan.scope, question, plan.key))

    def compare(self, hit: Hit, fresh: CachedAnswer) -> None:
        """An audited hit with the answer that came instead."""
        if self._watch and fresh.finish_reason == "stop":
            self._tasks.spawn(self._watch.audited(differed=answers_differ(hit.answer.content, fresh.content)))

    def replaced(self, message_id: str, receipt: Mapping[str, Any] | None) -> None:
        """An answer that the user wanted afresh."""
        if self._watch:
            self._tasks.spawn(self._watch.disputed(message_id, receipt))
