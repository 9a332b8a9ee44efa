"""A quote: agent, model, cost range and time of a request, before anything is sent upstream."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from backend.domain.agents import AGENTS_BY_ID, QUICK, SYNTHESIZER
from backend.domain.replies import CostRange, Quote, TeamWorth
from backend.domain.routing.team_worth import separate
from backend.domain.usage import TokenUsage, format_usd, sum_known
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan, Planner
from backend.services.enhanced_ai_service.requests import AgentAsk, Thread
from backend.services.enhanced_ai_service.team_worth import Prices, field_of, team_worth
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.performance_cache import PerformanceCache

Mode = Literal["quick", "optimized", "multi-agent"]
LOW_SHARE, USUAL_SHARE, HIGH_SHARE = 0.3, 1.0, 3.0
"""Of the typical length of a completion: the range that a quote spans, and its middle."""
NOTHING = CostRange("0", "0")


class Estimator:
    def __init__(self, planner: Planner, threads: Threads, cache: PerformanceCache, pace: Pace) -> None:
        self._planner = planner
        self._threads = threads
        self._cache = cache
        self._pace = pace

    async def quote(self, ask: AgentAsk, mode: Mode, agents: Sequence[str] = ()) -> Quote:
        """agents: of a team, all where it is empty. Makes no upstream call and stores nothing.

        Raises what placing and planning raise.
        """
        thread = await self._threads.place(ask)
        if mode == "multi-agent":
            return await self._team_quote(ask, thread, tuple(agents) or tuple(AGENTS_BY_ID))
        plan = self._plan(ask, thread, QUICK.id if mode == "quick" else ask.agent_type)
        known = await self._is_known(ask, plan)
        return Quote(
            agent=plan.agent_ref,
            model=plan.model.id,
            reasons=plan.routing.reasons,
            cost=self._range([plan], known=known),
            cache_likelihood=1.0 if known else 0.0,
            expected_seconds=0.0 if known else round(self._pace.seconds(plan.model.id), 2),
            team_worth=self._worth(ask, thread, plan, known=known),
        )

    async def _is_known(self, ask: AgentAsk, plan: Plan) -> bool:
        return ask.reusable and await self._cache.get(ask.user_id, plan.key) is not None

    def _plan(self, ask: AgentAsk, thread: Thread, agent_type: str) -> Plan:
        return self._planner.plan(
            ask.user_id,
            thread.message,
            thread.items,
            instructions=thread.instructions,
            large_share=thread.routing.large_share,
            agent_type=agent_type,
            model=ask.model,
            priority=ask.priority,
            max_tokens=ask.max_tokens,
            max_cost=ask.max_cost,
            cascade=ask.cascade,
        )

    async def _team_quote(self, ask: AgentAsk, thread: Thread, agents: Sequence[str]) -> Quote:
        plans = self._team(ask, thread, agents)
        merge = plans[-1]
        alone = self._plan(ask, thread, ask.agent_type)
        slowest = max(self._pace.seconds(plan.model.id) for plan in plans[:-1])
        names = "all agents" if len(agents) == len(AGENTS_BY_ID) else ", ".join(AGENTS_BY_ID[it].name for it in agents)
        return Quote(
            agent=None,
            model=merge.model.id,
            reasons=(f"{names} side by side, then one synthesis", *merge.routing.reasons),
            cost=self._range(plans, team=True),
            cache_likelihood=0.0,
            expected_seconds=round(slowest + self._pace.seconds(merge.model.id), 2),
            team_worth=self._worth(ask, thread, alone, known=await self._is_known(ask, alone)),
        )

    def _team(self, ask: AgentAsk, thread: Thread, agents: Sequence[str]) -> list[Plan]:
        """The agents' plans and, last, the synthesis's. No cost cap: it is a price that is asked for."""
        plan, items = partial(self._planner.plan, large_share=thread.routing.large_share), thread.items
        instructions = thread.instructions
        asked = [
            plan(ask.user_id, thread.message, items, instructions=instructions, agent=AGENTS_BY_ID[agent])
            for agent in agents
        ]
        merge = plan(ask.user_id, thread.message, items, instructions=instructions, agent=SYNTHESIZER)
        return [*asked, merge]

    def _worth(self, ask: AgentAsk, thread: Thread, alone: Plan, *, known: bool) -> TeamWorth:
        separation = separate(thread.message, partial(field_of, self._planner.agent_router))
        agents = separation.agents if separation.separates else tuple(AGENTS_BY_ID)
        plans = self._team(ask, thread, agents)
        one, team = self._total([alone], USUAL_SHARE), self._total(plans, USUAL_SHARE, team=True)
        prices = Prices(self._range([alone], known=known), self._range(plans, team=True), None if known else one, team)
        return team_worth(separation, alone.agent, agents, prices)

    def _range(self, plans: Sequence[Plan], *, team: bool = False, known: bool = False) -> CostRange:
        if known:
            return NOTHING
        both = [*(plan.escalation for plan in plans if plan.escalation), *plans]  # what a cascade may need
        low, high = self._total(plans, LOW_SHARE, team=team), self._total(both, HIGH_SHARE, team=team)
        return CostRange(format_usd(low), format_usd(high))

    def _total(self, plans: Sequence[Plan], share: float, *, team: bool = False) -> int | None:
        """Pico-dollars. team: the last plan reads the answers of all others as part of its prompt."""
        costs = [plan.cost_of(self._tokens(plan, share)) for plan in plans]
        if team:
            read = sum(self._tokens(plan, share) for plan in plans[:-1])
            costs.append(plans[-1].model.cost(TokenUsage(prompt=read)))
        return sum_known(costs)

    def _tokens(self, plan: Plan, share: float) -> int:
        return min(int(self._pace.speed(plan.model.id).typical_tokens * share), plan.max_tokens)
