"""A quote: agent, model, cost range and time of a request, before anything is sent upstream."""

from typing import Literal

from backend.domain.agent_routing import fields_of
from backend.domain.agents import AGENTS_BY_ID, QUICK, SYNTHESIZER
from backend.domain.replies import CostRange, Quote, TeamWorth
from backend.domain.usage import TokenUsage, format_usd, sum_known
from backend.services.enhanced_ai_service.pace import Pace
from backend.services.enhanced_ai_service.planning import Plan, Planner
from backend.services.enhanced_ai_service.requests import AgentAsk, Thread
from backend.services.enhanced_ai_service.threads import Threads
from backend.services.performance_cache import PerformanceCache

Mode = Literal["quick", "optimized", "multi-agent"]
LOW_SHARE, HIGH_SHARE = 0.3, 3.0
"""Of the typical length of a completion: the range that a quote spans."""
SEPARABLE_FIELDS = 3


class Estimator:
    def __init__(self, planner: Planner, threads: Threads, cache: PerformanceCache, pace: Pace) -> None:
        self._planner = planner
        self._threads = threads
        self._cache = cache
        self._pace = pace

    async def quote(self, ask: AgentAsk, mode: Mode) -> Quote:
        """Makes no upstream call and stores nothing. Raises what placing and planning raise."""
        thread = await self._threads.place(ask)
        if mode == "multi-agent":
            return self._team_quote(ask, thread)
        plan = self._plan(ask, thread, QUICK.id if mode == "quick" else ask.agent_type)
        known = ask.reusable and await self._cache.get(ask.user_id, plan.key) is not None
        return Quote(
            agent=plan.agent_ref,
            model=plan.model.id,
            reasons=plan.routing.reasons,
            cost=CostRange("0", "0") if known else self._range([plan]),
            cache_likelihood=1.0 if known else 0.0,
            expected_seconds=0.0 if known else round(self._pace.seconds(plan.model.id), 2),
            team_worth=team_worth(thread.message),
        )

    def _plan(self, ask: AgentAsk, thread: Thread, agent_type: str) -> Plan:
        return self._planner.plan(
            ask.user_id,
            thread.message,
            thread.items,
            instructions=thread.instructions,
            agent_type=agent_type,
            model=ask.model,
            priority=ask.priority,
            max_tokens=ask.max_tokens,
            max_cost=ask.max_cost,
        )

    def _team_quote(self, ask: AgentAsk, thread: Thread) -> Quote:
        plans = [self._plan(ask, thread, agent) for agent in AGENTS_BY_ID]
        merge = self._planner.plan(
            ask.user_id, thread.message, thread.items, instructions=thread.instructions, agent=SYNTHESIZER
        )
        slowest = max(self._pace.seconds(plan.model.id) for plan in plans)
        return Quote(
            agent=None,
            model=merge.model.id,
            reasons=("all agents side by side, then one synthesis", *merge.routing.reasons),
            cost=self._range([*plans, merge], material=plans),
            cache_likelihood=0.0,
            expected_seconds=round(slowest + self._pace.seconds(merge.model.id), 2),
            team_worth=team_worth(thread.message),
        )

    def _range(self, plans: list[Plan], material: list[Plan] | None = None) -> CostRange:
        """material: plans whose answers the last plan reads as part of its prompt."""
        return CostRange(self._total(plans, material or [], LOW_SHARE), self._total(plans, material or [], HIGH_SHARE))

    def _total(self, plans: list[Plan], material: list[Plan], share: float) -> str | None:
        costs = [plan.cost_of(self._tokens(plan, share)) for plan in plans]
        if material:
            read = sum(self._tokens(plan, share) for plan in material)
            costs.append(plans[-1].model.cost(TokenUsage(prompt=read)))
        return format_usd(sum_known(costs))

    def _tokens(self, plan: Plan, share: float) -> int:
        return min(int(self._pace.speed(plan.model.id).typical_tokens * share), plan.max_tokens)


def team_worth(message: str) -> TeamWorth:
    """A team pays where the work separates into the fields of several agents."""
    fields = fields_of(message)
    if len(fields) >= SEPARABLE_FIELDS:
        return TeamWorth("team", f"the message has separable parts for {', '.join(agent.name for agent in fields)}")
    if not fields:
        return TeamWorth("one agent", "no part of the message calls for a particular specialist")
    names = " and ".join(agent.name for agent in fields)
    return TeamWorth("one agent", f"the message stays within the field of {names}; five agents cost about five times")
