"""One question, one agent: from the caller's words to a durable turn and a reply."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.domain.agents import QUICK
from backend.domain.conversations import Turn
from backend.domain.replies import ChatReply
from backend.domain.usage import TokenUsage
from backend.errors import AetherError
from backend.services.budgets import Hold
from backend.services.enhanced_ai_service.admission import Admission
from backend.services.enhanced_ai_service.asking import Asker, Attempt, Settlement, answer_of
from backend.services.enhanced_ai_service.bounds import most_of
from backend.services.enhanced_ai_service.calls import Emit
from backend.services.enhanced_ai_service.observing import Answered, Observer
from backend.services.enhanced_ai_service.outcomes import answered_reply, cached_reply, failed_outcome, outcome_of
from backend.services.enhanced_ai_service.planning import Plan, Planner
from backend.services.enhanced_ai_service.requests import AgentAsk, Thread
from backend.services.enhanced_ai_service.similar import SimilarAnswers
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.enhanced_ai_service.turns import Ending, Turns, new_turn
from backend.services.limiter import Slot
from backend.services.performance_cache import CachedAnswer, Hit


@dataclass(slots=True)
class AgentRun:
    """A question on its way. started and deadline are time.monotonic() instants. ending None: still open.

    audited: a similar question's answer, which is not served but held against what is asked afresh.
    """

    ask: AgentAsk
    plan: Plan
    turn: Turn
    started: float
    deadline: float
    thread: Thread
    hit: Hit | None = None
    audited: Hit | None = None
    hold: Hold | None = None
    ending: Ending[ChatReply] | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def attempt(self, *, shared: bool, emit: Emit | None = None) -> Attempt:
        return Attempt(
            user_id=self.ask.user_id,
            plan=self.plan,
            key=self.plan.flight_key if shared and self.ask.reusable else self.turn.request_id,
            deadline=self.deadline,
            reusable=self.ask.reusable,
            shared=shared and self.ask.reusable,
            correlation_id=self.ask.correlation_id,
            emit=emit,
        )


Source = Callable[[Attempt], Awaitable[tuple[CachedAnswer, bool]]]
"""Gets the answer: (answer, coalesced). coalesced: another request asked for it and pays."""


class SingleAgent:
    """deadline_s: the longest that any request may take."""

    def __init__(
        self,
        *,
        asker: Asker,
        planner: Planner,
        threads: Threads,
        admission: Admission,
        turns: Turns,
        observer: Observer,
        similar: SimilarAnswers,
        deadline_s: float,
    ) -> None:
        self.asker = asker
        self._planner = planner
        self._threads = threads
        self._admission = admission
        self._turns = turns
        self._observer = observer
        self._similar = similar
        self._deadline_s = deadline_s

    async def prepare(self, ask: AgentAsk, slot: Slot) -> AgentRun:
        """Everything before the answer: placed, planned, admitted, looked up. Raises what any of these raises.

        slot: of the request, held until its turn has ended.
        """
        started = time.monotonic()
        lifetime = min(ask.deadline_s or self._deadline_s, self._deadline_s)
        thread = await self._threads.place(ask)
        plan = self._planner.plan(
            ask.user_id,
            thread.message,
            thread.items,
            instructions=thread.instructions,
            large_share=thread.routing.large_share,
            agent_type=ask.agent_type,
            model=ask.model,
            priority=ask.priority,
            max_tokens=ask.max_tokens,
            max_cost=ask.max_cost,
            cascade=ask.cascade,
        )
        run = AgentRun(ask, plan, new_turn(ask, thread, plan.agent.id, lifetime), started, started + lifetime, thread)
        most = most_of(plan, self._planner.catalogue)
        admitted = await self._admission.admit(ask, slot, plan.key if ask.reusable else None, most, lifetime)
        run.hit, run.hold = admitted.hit, admitted.hold
        if run.hit is None:
            try:
                await self._look_for_similar(run)
            except asyncio.CancelledError:
                await self._turns.release(run)
                raise
        return run

    async def _look_for_similar(self, run: AgentRun) -> None:
        """Another question's answer instead of what was reserved for a call, where the user wants that."""
        ask, plan, thread = run.ask, run.plan, run.thread
        if ask.regenerate_of:
            self._similar.replaced(ask.regenerate_of, thread.replaced)
        if not self._similar.wanted(ask, plan, thread.routing):
            return
        hit, audited = await self._similar.find(ask.user_id, plan, thread.message, run.turn.request_id)
        if audited:
            run.audited = hit
        elif hit:
            await self._turns.release(run)
            run.hit, run.hold = hit, None

    async def answer(self, run: AgentRun) -> ChatReply:
        """The whole answer; identical requests in flight share one upstream call."""
        return await self.answer_from(run, run.attempt(shared=True), self.asker.ask)

    async def answer_from(self, run: AgentRun, attempt: Attempt, source: Source) -> ChatReply:
        """The reply, durable in the turn log. A failure keeps the question, a cancellation what had arrived."""
        if run.hit:
            return await self._reuse(run, run.hit, attempt.emit)
        try:
            await self._turns.open(run)
            answer, coalesced = await self._sourced(run, attempt, source)
        except asyncio.CancelledError:
            if run.ending is None:
                self._stop(run, self.asker.settle(attempt))
            raise
        except AetherError:
            await self._turns.release(run)
            raise
        records = () if coalesced else self.asker.settle(attempt).records
        if records:
            reply = answered_reply(run.plan, run.turn, answer, records, run.seconds)
        else:
            reply = cached_reply(run.plan, run.turn, Hit(answer, "coalesced", 0.0), run.seconds)
        told = await self._turns.end(run, reply, outcome_of(reply, records, answer)).told()
        self._learn(run, answer)
        self._observer.observe(answered_of(run, told))
        return told

    def _learn(self, run: AgentRun, answer: CachedAnswer) -> None:
        """For questions to come that ask the same in other words."""
        if run.audited:
            self._similar.compare(run.audited, answer)
        if answer.finish_reason == "stop" and self._similar.wanted(run.ask, run.plan, run.thread.routing):
            self._similar.remember(run.ask.user_id, run.plan, run.thread.message)

    async def _sourced(self, run: AgentRun, attempt: Attempt, source: Source) -> tuple[CachedAnswer, bool]:
        shared: Hit | None = None
        try:
            answer, coalesced = await source(attempt)
            shared = Hit(answer, "coalesced", 0.0) if coalesced else None
            return answer, coalesced
        except AetherError as error:
            settled = self.asker.settle(attempt)
            outcome = failed_outcome(error, settled.records, run.seconds, settled.text)
            await self._turns.end(run, error, outcome).told()
            raise
        finally:
            if attempt.reusable:
                self.asker.count_lookup(shared)

    async def _reuse(self, run: AgentRun, hit: Hit, emit: Emit | None) -> ChatReply:
        self.asker.count_lookup(hit)
        reply = cached_reply(run.plan, run.turn, hit, run.seconds)
        await self._turns.record(run, reply, outcome_of(reply, (), hit.answer)).told()
        if emit:
            emit(hit.answer.content, hit.answer.reasoning or "")
        return reply

    def _stop(self, run: AgentRun, settled: Settlement) -> None:
        """The caller is gone or said stop: the turn ends with what had arrived."""
        user_id = run.ask.user_id
        answer = answer_of(user_id, *settled.answering, "cancelled") if settled.calls else _nothing(run)
        reply = answered_reply(run.plan, run.turn, answer, settled.records, run.seconds)
        self._turns.end(run, reply, outcome_of(reply, settled.records, answer, "interrupted"))


def answered_of(run: AgentRun, reply: ChatReply) -> Answered:
    """What own traffic is learned from."""
    ask, plan, thread = run.ask, run.plan, run.thread
    return Answered(
        user_id=ask.user_id,
        message_id=reply.message_id,
        domain=plan.routing.domain,
        score=plan.routing.complexity,
        tier=plan.routing.tier,
        large_share=thread.routing.large_share,
        routed=ask.model is None and ask.priority == "normal" and plan.agent is not QUICK,
        model=reply.model_used,
        question=thread.message,
        answer=reply.content,
        messages=plan.messages,
        temperature=plan.agent.temperature,
        max_tokens=plan.max_tokens,
        afresh=not reply.cached and reply.finish_reason == "stop",
        comparable=thread.routing.compare and not thread.temporary,
        replaced_id=ask.regenerate_of,
        replaced=thread.replaced,
    )


def _nothing(run: AgentRun) -> CachedAnswer:
    """The answer of a run that was stopped before it asked, or whose call others still wait for."""
    model, now = run.plan.model.id, datetime.now(UTC)
    return CachedAnswer(run.ask.user_id, "", "", "cancelled", run.plan.agent.id, model, TokenUsage(), 0, 0, now)
