"""One question, several agents: side by side or one after another, merged into one answer, on one bill.

All of them share one deadline and one cost cap. An agent that fails or is late is reported and fails nobody else.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from backend.domain.agents import AGENTS_BY_ID, SYNTHESIZER, TEAM, Agent
from backend.domain.replies import AgentResponse, TeamReply
from backend.errors import AetherError, BudgetExceeded, DeadlineExceeded
from backend.services.enhanced_ai_service.admission import Admission
from backend.services.enhanced_ai_service.asking import Asker, Attempt
from backend.services.enhanced_ai_service.members import Member, delimited
from backend.services.enhanced_ai_service.outcomes import failed_outcome, team_outcome
from backend.services.enhanced_ai_service.planning import Planner
from backend.services.enhanced_ai_service.requests import TeamAsk
from backend.services.enhanced_ai_service.single import new_turn
from backend.services.enhanced_ai_service.team_run import AGENTS_SHARE, TeamRun
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.performance_cache import CachedAnswer, PerformanceCache
from backend.services.tasks import TaskOwner
from backend.services.turn_log import TurnLog

AGENT_ORDER = tuple(AGENTS_BY_ID)


class Team:
    """deadline_s: the longest that any request may take."""

    def __init__(
        self,
        *,
        asker: Asker,
        planner: Planner,
        threads: Threads,
        admission: Admission,
        cache: PerformanceCache,
        turn_log: TurnLog,
        tasks: TaskOwner,
        deadline_s: float,
    ) -> None:
        self._asker = asker
        self._planner = planner
        self._threads = threads
        self._admission = admission
        self._cache = cache
        self._turn_log = turn_log
        self._tasks = tasks
        self._deadline_s = deadline_s

    async def prepare(self, ask: TeamAsk, *, streaming: bool = False, stored: Sequence[AgentResponse] = ()) -> TeamRun:
        """stored: responses of an earlier run to take over. Raises what placing, planning or admission raises."""
        started = time.monotonic()
        lifetime = min(ask.deadline_s or self._deadline_s, self._deadline_s)
        thread = await self._threads.place(ask)
        members = [Member(response.agent_type, status=response.status, stored=response) for response in stored]
        members += [Member(agent) for agent in ask.agents]
        if stored:
            members.sort(key=lambda member: AGENT_ORDER.index(member.agent))
        turn = new_turn(ask, thread, TEAM, lifetime)
        run = TeamRun(ask, thread, turn, members, started, started + lifetime, streaming)
        for member in run.waiting:
            self._plan(run, member)
        if not run.waiting:
            raise BudgetExceeded("The cost cap of this request does not cover any agent's answer.")
        await self._admission.admit(ask.user_id, None)
        return run

    def _plan(self, run: TeamRun, member: Member) -> None:
        share = None if run.ask.max_cost is None else int(run.ask.max_cost * AGENTS_SHARE) // len(run.ask.agents)
        colleagues = [other for other in run.members if other.text] if run.sequential else []
        message = delimited(run.thread.message, colleagues) if colleagues else run.thread.message
        try:
            plan = self._planner.plan(
                run.ask.user_id, message, run.thread.items, agent_type=member.agent, max_cost=share
            )
        except BudgetExceeded as error:
            member.error = error
            return
        member.attempt = Attempt(
            user_id=run.ask.user_id,
            plan=plan,
            key=plan.key if run.shared else f"{run.turn.request_id}:{member.agent}",
            deadline=run.agents_deadline,
            reusable=run.ask.reusable,
            shared=run.shared,
            purpose="agent",
            correlation_id=run.ask.correlation_id,
            emit=partial(run.token, agent=member.agent) if run.streaming else None,
        )

    async def answer(self, run: TeamRun) -> TeamReply:
        """The merged answer, durable in the turn log. A failure keeps the question and what was paid for."""
        try:
            await self._turn_log.open(run.turn)
            await self._consult_and_merge(run)
        except asyncio.CancelledError:
            self._cancelled(run)
            raise
        reply = run.reply("stop")
        await self._turn_log.close(run.turn, team_outcome(reply, run.records, run.baseline))
        return reply

    async def _consult_and_merge(self, run: TeamRun) -> None:
        try:
            await (self._one_by_one(run) if run.sequential else self._side_by_side(run))
            if not any(member.text for member in run.members):
                raise next(member.error for member in run.members if member.error)
            await self._merge(run)
        except AetherError as error:
            text = self._settle_merge(run, "failed")
            outcome = failed_outcome(error, run.records, text, [member.response for member in run.members])
            await self._turn_log.close(run.turn, outcome)
            raise

    async def _side_by_side(self, run: TeamRun) -> None:
        asking = [asyncio.ensure_future(self._consult(run, *waiting)) for waiting in run.planned]

        def stop_when_enough(_: "asyncio.Future[None]") -> None:
            if run.enough:
                for task in asking:
                    task.cancel()

        for task in asking:
            task.add_done_callback(stop_when_enough)
        for result in await asyncio.gather(*asking, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _one_by_one(self, run: TeamRun) -> None:
        for member in run.waiting:
            if run.enough:
                return
            self._plan(run, member)
            if member.attempt and member.error is None:
                await self._consult(run, member, member.attempt)

    async def _consult(self, run: TeamRun, member: Member, attempt: Attempt) -> None:
        """Asks one agent. What it raises stays with the member; a cancelled member counts as skipped."""
        began, outcome = time.monotonic(), "cancelled"
        try:
            member.answer, member.cached = await self._obtain(attempt)
            member.status, outcome = "ok", "ok"
        except AetherError as error:
            member.error, outcome = error, "failed"
            member.status = "timed_out" if isinstance(error, DeadlineExceeded) else "failed"
        finally:
            member.seconds = time.monotonic() - began
            if settled := self._asker.settle(attempt, outcome, run.members.index(member)):
                member.record = settled[1]
            if run.sink:
                run.sink.agent_done(member.response)

    async def _obtain(self, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        hit = await self._cache.get(attempt.user_id, attempt.plan.key) if attempt.reusable else None
        if hit is None:
            return await self._asker.ask(attempt)
        if attempt.emit:
            attempt.emit(hit.answer.content, hit.answer.reasoning or "")
        return hit.answer, True

    async def _merge(self, run: TeamRun) -> None:
        """One answer needs no merging; several are merged by a call of its own, which is billed like any other."""
        heard = [member for member in run.members if member.text]
        if len(heard) == 1:
            run.token(heard[0].text or "")
            return
        run.merging = self._merge_attempt(run, heard, SYNTHESIZER)
        run.merged, run.merge_cached = await self._obtain(run.merging)
        self._settle_merge(run, "ok")

    def _merge_attempt(self, run: TeamRun, heard: Sequence[Member], agent: Agent) -> Attempt:
        plan = self._planner.plan(
            run.ask.user_id,
            delimited(run.thread.message, heard),
            run.thread.items,
            agent=agent,
            max_cost=run.cost_left,
        )
        return Attempt(
            user_id=run.ask.user_id,
            plan=plan,
            key=plan.key if run.shared else f"{run.turn.request_id}:{agent.id}",
            deadline=run.deadline,
            reusable=run.ask.reusable,
            shared=run.shared,
            purpose="synthesis",
            correlation_id=run.ask.correlation_id,
            emit=run.token if run.streaming else None,
        )

    def _settle_merge(self, run: TeamRun, outcome: str) -> str:
        """Puts the synthesis call on the bill. Returns the text that it had produced."""
        settled = self._asker.settle(run.merging, outcome, len(run.members)) if run.merging else None
        if settled is None:
            return ""
        run.merge_record = settled[1]
        return settled[0].content

    def _cancelled(self, run: TeamRun) -> None:
        """The caller is gone or said stop: what happened so far becomes durable in a task of its own."""
        text = self._settle_merge(run, "cancelled")
        run.stopped = run.reply("cancelled", text)
        outcome = team_outcome(run.stopped, run.records, run.baseline, "interrupted")
        run.closing = self._tasks.spawn(self._turn_log.close(run.turn, outcome))
