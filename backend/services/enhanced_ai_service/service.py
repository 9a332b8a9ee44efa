"""The face of the service: what routes call, each question within its caller's concurrency bound."""

import math
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from backend.domain.agents import TEAM
from backend.domain.answers.worked import WorkedAnswers
from backend.domain.api_keys import KeyGrant
from backend.domain.models import ModelCatalogue
from backend.domain.replies import AgentResponse, ChatReply, Quote, TeamReply
from backend.domain.routing.agent_routing import AgentRouter
from backend.domain.routing.complexity import ComplexityRouter
from backend.errors import NotFound
from backend.services.budgets import Budgets
from backend.services.enhanced_ai_service.admission import Admission
from backend.services.enhanced_ai_service.asking import Asker
from backend.services.enhanced_ai_service.cascading import Cascade
from backend.services.enhanced_ai_service.estimating import Estimator, Mode
from backend.services.enhanced_ai_service.idempotency import Idempotency
from backend.services.enhanced_ai_service.observing import NoObserver, Observer
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Planner
from backend.services.enhanced_ai_service.requests import AgentAsk, TeamAsk
from backend.services.enhanced_ai_service.similar import SimilarAnswers, SimilarWatch
from backend.services.enhanced_ai_service.single import SingleAgent
from backend.services.enhanced_ai_service.streams import OpenedStream, Streams
from backend.services.enhanced_ai_service.team import Team
from backend.services.enhanced_ai_service.threads import NO_MESSAGE, Threads
from backend.services.enhanced_ai_service.turns import TurnRecords, Turns
from backend.services.limiter import Limiter
from backend.services.llm.provider import Provider
from backend.services.performance_cache import PerformanceCache
from backend.services.performance_monitor import PerformanceMonitor
from backend.services.preferences import Preferences
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.idempotency import IdempotencyRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.single_flight import SingleFlight
from backend.services.stream_log import StreamEvent, StreamLog
from backend.services.tasks import TaskOwner

CLOSING_S = 3.0
"""What stopped streams may take to close their turns; the launcher grants 5 s after the drain."""


class EnhancedAIService:
    """deadline_s, stream_grace_s and drain_s in seconds; max_tokens and context_tokens bound every request.

    cascade: small models' answers are checked where a request does not say.
    """

    def __init__(
        self,
        *,
        provider: Provider,
        catalogue: ModelCatalogue,
        cache: PerformanceCache,
        flights: SingleFlight,
        limiter: Limiter,
        budgets: Budgets,
        streams: StreamLog,
        turn_log: TurnRecords,
        monitor: PerformanceMonitor,
        conversations: ConversationRepository,
        messages: MessageRepository,
        preferences: Preferences,
        idempotency: IdempotencyRepository,
        complexity: ComplexityRouter,
        worked_answers: WorkedAnswers,
        agent_router: AgentRouter,
        max_tokens: int,
        context_tokens: int,
        deadline_s: float,
        stream_grace_s: float,
        drain_s: float,
        observer: Observer | None = None,
        cascade: bool = False,
        similar: SimilarWatch | None = None,
    ) -> None:
        """observer: is told of every answer of one agent. similar None: no similar question's answer is reused."""
        self.catalogue = catalogue
        self._limiter = limiter
        self._messages = messages
        self._drain_s = drain_s
        self._drain_until = math.inf
        self._tasks = TaskOwner()
        self.idempotency = Idempotency(idempotency, self._tasks, deadline_s=deadline_s)
        pace = Pace()
        asker = Asker(provider, catalogue, cache, flights, monitor, pace, Cascade(catalogue, pace, worked_answers))
        planner = Planner(
            catalogue, complexity, agent_router, max_tokens=max_tokens, context_tokens=context_tokens, cascade=cascade
        )
        threads = Threads(conversations, messages, preferences)
        admission = Admission(limiter, cache, budgets)
        turns = Turns(turn_log, budgets, self._tasks)
        self._single = SingleAgent(
            asker=asker,
            planner=planner,
            threads=threads,
            admission=admission,
            turns=turns,
            observer=observer or NoObserver(),
            similar=SimilarAnswers(cache, similar, self._tasks),
            deadline_s=deadline_s,
        )
        self._team = Team(
            asker=asker,
            planner=planner,
            threads=threads,
            admission=admission,
            cache=cache,
            turns=turns,
            deadline_s=deadline_s,
        )
        self._streams = Streams(
            streams, self._single, self._team, limiter, budgets, messages, self._tasks, grace_s=stream_grace_s
        )
        self._estimator = Estimator(planner, threads, cache, pace)

    def drain(self) -> None:
        """This worker is to end: from now on streams have the drain time to finish."""
        self._drain_until = min(self._drain_until, time.monotonic() + self._drain_s)

    async def close(self) -> None:
        """Lets streams finish within the drain time, then stops them with what they have; every turn is closed."""
        self.drain()
        await self._tasks.wait(self._drain_until - time.monotonic())
        self._streams.stop()
        await self._tasks.close(CLOSING_S)

    async def process_ai_request(self, ask: AgentAsk) -> ChatReply:
        """One agent's whole answer, stored when this returns. Raises the AetherError that the caller should see."""
        with self._limiter.slot(ask.user_id) as slot:
            return await self._single.answer(await self._single.prepare(ask, slot))

    async def process_multi_agent_request(self, ask: TeamAsk) -> TeamReply:
        """Several agents' answers and their synthesis, stored when this returns."""
        with self._limiter.slot(ask.user_id) as slot:
            return await self._team.answer(await self._team.prepare(ask, slot))

    async def rerun_agent(
        self,
        user_id: str,
        message_id: str,
        agent: str,
        correlation_id: str | None = None,
        *,
        api_key: KeyGrant | None = None,
    ) -> TeamReply:
        """Asks one agent of a stored team answer again and merges anew; the others are reused and not billed."""
        message = await self._messages.get(user_id, message_id)
        if message is None or message.agent != TEAM or message.status == "pending":
            raise NotFound(NO_MESSAGE)
        stored = [stored_response(response) for response in message.responses]
        if agent not in {response.agent_type for response in stored}:
            raise NotFound("That agent has no part in this answer.")
        ask = TeamAsk(
            user_id=user_id,
            api_key=api_key,
            message="",
            conversation_id=message.conversation_id,
            regenerate_of=message_id,
            agents=(agent,),
            correlation_id=correlation_id,
        )
        with self._limiter.slot(user_id) as slot:
            return await self._team.answer(await self._team.prepare(ask, slot, stored=stored))

    async def open_stream(self, ask: AgentAsk | TeamAsk) -> OpenedStream:
        """A stream that has its first token; read it from the stream log. Raises what came instead."""
        if isinstance(ask, TeamAsk):
            return await self._streams.open_team(ask)
        return await self._streams.open(ask)

    def reread(self, user_id: str, opened: OpenedStream) -> AsyncGenerator[list[StreamEvent], None]:
        """An opened stream from its start, even where the stream log no longer keeps it. Raises NotFound."""
        return self._streams.reread(user_id, opened)

    async def estimate(self, ask: AgentAsk, mode: Mode, agents: Sequence[str] = ()) -> Quote:
        """agents: of a team, all where it is empty."""
        return await self._estimator.quote(ask, mode, agents)


def stored_response(response: Mapping[str, Any]) -> AgentResponse:
    """A response as the turn log keeps it, taken over into another run: it costs nothing a second time."""
    known = {field.name: response[field.name] for field in fields(AgentResponse) if field.name in response}
    return AgentResponse(**{**known, "cost": "0", "tokens_used": 0, "reused": True})
