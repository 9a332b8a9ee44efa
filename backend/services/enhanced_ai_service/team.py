"""One question, several agents: side by side or one after another, merged into one answer, on one bill.

All of them share one deadline and one cost cap. An agent that fails or is late is reported and fails nobody else.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from backend.domain.agents import AGENTS_BY_ID, SYNTHESIZER, TEAM, Agent
from backend.domain.replies import AgentResponse, TeamReply
from backend.errors import AetherError, BudgetExceeded, DeadlineExceeded, UpstreamError
from backend.services.enhanced_ai_service.admission import Admission
from backend.services.enhanced_ai_service.asking import Asker, Attempt, Settlement
from backend.services.enhanced_ai_service.bounds import most_of_team
from backend.services.enhanced_ai_service.members import Member, delimited
from backend.services.enhanced_ai_service.outcomes import failed_outcome, team_outcome
from backend.services.enhanced_ai_service.planning import Plan, Planner
from backend.services.enhanced_ai_service.requests import TeamAsk
from backend.services.enhanced_ai_service.team_run import TeamRun
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.enhanced_ai_service.turns import Turns, new_turn
from backend.services.limiter import Slot
from backend.services.performance_cache import CachedAnswer, PerformanceCache


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
        turns: Turns,
        deadline_s: float,
    ) -> None:
        self._asker = asker
        self._planner = planner
        self._threads = threads
        self._admission = admission
        self._cache = cache
        self._turns = turns
        self._deadline_s = deadline_s

    async def prepare(
        self, ask: TeamAsk, slot: Slot, *, streaming: bool = False, stored: Sequence[AgentResponse] = ()
    ) -> TeamRun:
        """slot: of the request, held until its turn has ended.

        stored: the responses of an earlier run; those of agents that are not asked again are taken over.

        Raises what placing, planning or admission raises.
        """
        started = time.monotonic()
        lifetime = min(ask.deadline_s or self._deadline_s, self._deadline_s)
        thread = await self._threads.place(ask)
        run = TeamRun(
            ask, thread, new_turn(ask, thread, TEAM, lifetime), members_of(ask, stored), started, started + lifetime
        )
        run.streaming = streaming
        for member in run.waiting:
            self._plan(run, member)
        if not run.waiting:
            raise BudgetExceeded("The cost cap of this request does not cover any agent's answer.")
        merge = self._planned(run, SYNTHESIZER, delimited(thread.message, run.heard), None)
        plans = [attempt.plan for _, attempt in run.planned]
        most = most_of_team(plans, merge, self._planner.catalogue, sequential=run.sequential)
        run.hold = (await self._admission.admit(ask, slot, None, most, lifetime)).hold
        return run

    def _plan(self, run: TeamRun, member: Member) -> None:
        colleagues = run.heard if run.sequential else []
        message = delimited(run.thread.message, colleagues) if colleagues else run.thread.message
        emit = partial(run.token, agent=member.agent) if run.streaming else None
        try:
            plan = self._planned(run, AGENTS_BY_ID[member.agent], message, run.cost_share)
        except BudgetExceeded as error:
            member.error = error
        else:
            member.attempt = run.attempt(plan, purpose="agent", deadline=run.agents_deadline, emit=emit)

    def _planned(self, run: TeamRun, agent: Agent, message: str, max_cost: int | None) -> Plan:
        return self._planner.plan(
            run.ask.user_id,
            message,
            run.thread.items,
            instructions=run.thread.instructions,
            large_share=run.thread.routing.large_share,
            agent=agent,
            max_cost=max_cost,
        )

    async def answer(self, run: TeamRun) -> TeamReply:
        """The merged answer, durable in the turn log. A failure keeps the question and what was paid for."""
        try:
            await self._turns.open(run)
            await self._consult_and_merge(run)
        except asyncio.CancelledError:
            if run.ending is None:
                text = self._settle_merge(run)
                reply = run.reply("cancelled", text)
                self._turns.end(run, reply, team_outcome(reply, run.records, run.baseline, run.reused, "interrupted"))
            raise
        except AetherError:
            await self._turns.release(run)
            raise
        reply = run.reply(run.finish_reason)
        return await self._turns.end(run, reply, team_outcome(reply, run.records, run.baseline, run.reused)).told()

    async def _consult_and_merge(self, run: TeamRun) -> None:
        try:
            await (self._one_by_one(run) if run.sequential else self._side_by_side(run))
            if not any(member.status == "ok" for member in run.members):
                raise next(
                    (member.error for member in run.members if member.error), UpstreamError("No agent answered.")
                )
            await self._merge(run)
        except AetherError as error:
            text = self._settle_merge(run)
            responses = [member.response for member in run.members]
            await self._turns.end(run, error, failed_outcome(error, run.records, run.seconds, text, responses)).told()
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
        began = time.monotonic()
        try:
            member.answer, member.cached = await self._obtain(attempt)
            member.status = "ok"
        except AetherError as error:
            member.error = error
            member.status = "timed_out" if isinstance(error, DeadlineExceeded) else "failed"
        finally:
            member.seconds = time.monotonic() - began
            if not member.cached:
                member.records = self._asker.settle(attempt).records
                member.cached = member.status == "ok" and not member.records
            if run.sink:
                run.sink.agent_done(member.response)

    async def _obtain(self, attempt: Attempt) -> tuple[CachedAnswer, bool]:
        """(answer, whether it costs nothing because it is in the cache or another request pays)."""
        hit = await self._cache.get(attempt.user_id, attempt.plan.key) if attempt.reusable else None
        if attempt.reusable:
            self._asker.count_lookup(hit)
        if hit is None:
            return await self._asker.ask(attempt)
        if attempt.emit:
            attempt.emit(hit.answer.content, hit.answer.reasoning or "")
        return hit.answer, True

    async def _merge(self, run: TeamRun) -> None:
        """One answer needs no merging; several are merged by a call of its own, which is billed like any other."""
        heard = run.heard
        if len(heard) < 2:
            run.token("".join(member.text or "" for member in heard))
            return
        message = delimited(run.thread.message, heard)
        plan = self._planned(run, SYNTHESIZER, message, run.cost_left)
        emit = run.token if run.streaming else None
        run.merging = run.attempt(plan, purpose="synthesis", deadline=run.deadline, emit=emit)
        run.merged, cached = await self._obtain(run.merging)
        if not cached:
            self._settle_merge(run)

    def _settle_merge(self, run: TeamRun) -> str:
        """Puts the synthesis call on the bill. Returns the text that it had produced."""
        settled = self._asker.settle(run.merging) if run.merging else Settlement()
        run.merge_records += settled.records
        return settled.text


def members_of(ask: TeamAsk, stored: Sequence[AgentResponse]) -> list[Member]:
    """Who takes part, in the order of the earlier run where there is one."""
    if not stored:
        return [Member(agent) for agent in ask.agents]
    return [
        Member(response.agent_type)
        if response.agent_type in ask.agents
        else Member(response.agent_type, status=response.status, stored=response)
        for response in stored
    ]
