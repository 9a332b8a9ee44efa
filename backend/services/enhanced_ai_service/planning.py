"""Decides, before anything is sent: which agent, which model, which messages, how many tokens, which cache key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from backend.domain.agents import AGENTS_BY_ID, QUICK, Agent
from backend.domain.context import TOKENS_PER_MESSAGE, FittedContext, estimate_tokens, fit_context
from backend.domain.conversations import ContextItem
from backend.domain.models import Model, ModelCatalogue
from backend.domain.replies import AgentRef, Routing
from backend.domain.routing.agent_routing import AgentRouter
from backend.domain.routing.complexity import ComplexityRouter, reasoning_effort
from backend.domain.usage import TokenUsage
from backend.errors import BudgetExceeded, InvalidInput
from backend.services.enhanced_ai_service.requests import Priority
from backend.services.llm.provider import ChatMessage, ChatRequest
from backend.services.performance_cache import answer_key, cascade_key, hash_context

AUTO = "auto"
MINIMUM_ANSWER_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call will be. prompt_tokens is an estimate. omitted: messages of the context that did not fit.

    capped: the bound on the answer keeps a cost cap, at this model's price only. max_cost: that cap, in pico-dollars.
    escalation: the large model's plan, where the answer to the question is to be checked first.
    scope: everything in the key but the message and the effort that its wording made it worth, hashed.
    """

    agent: Agent
    model: Model
    routing: Routing
    messages: tuple[ChatMessage, ...]
    prompt_tokens: int
    max_tokens: int
    reasoning_effort: str | None
    key: str
    scope: str
    omitted: int
    capped: bool
    max_cost: int | None = None
    question: str = ""
    escalation: "Plan | None" = None

    @property
    def flight_key(self) -> str:
        """Under which identical requests share one call: one that may not fall back shares with its like only."""
        return f"{self.key}:capped" if self.capped else self.key

    @property
    def agent_ref(self) -> AgentRef:
        return AgentRef(self.agent.id, self.agent.name, self.agent.role)

    def request(self, deadline: float, correlation_id: str | None = None) -> ChatRequest:
        """deadline: a time.monotonic() instant."""
        return ChatRequest(
            model=self.model.id,
            messages=self.messages,
            temperature=self.agent.temperature,
            max_tokens=self.max_tokens,
            deadline=deadline,
            reasoning_effort=self.reasoning_effort,
            fallback=not self.capped,
            correlation_id=correlation_id,
        )

    def within(self, max_cost: int) -> "Plan":
        """The same with an answer that max_cost (pico-dollars) covers. Raises BudgetExceeded."""
        return replace(self, max_tokens=_affordable(self.model, self.prompt_tokens, self.max_tokens, max_cost))

    def cost_of(self, completion_tokens: int) -> int | None:
        """Pico-dollars if the answer has that many tokens and no part of the prompt is cached at the vendor."""
        return self.model.cost(TokenUsage(self.prompt_tokens, 0, completion_tokens, 0))


class Planner:
    """max_tokens and context_tokens: the deployment's bounds per answer and per context.

    cascade: whether small models' answers are checked where a request does not say.
    """

    def __init__(
        self,
        catalogue: ModelCatalogue,
        complexity: ComplexityRouter,
        agent_router: AgentRouter,
        *,
        max_tokens: int,
        context_tokens: int,
        cascade: bool = False,
    ) -> None:
        self.catalogue = catalogue
        self._complexity = complexity
        self.agent_router = agent_router
        self._cascade = cascade
        self._max_tokens = max_tokens
        self._context_tokens = context_tokens

    def choose_agent(
        self, agent_type: str, message: str, items: Sequence[ContextItem]
    ) -> tuple[Agent, tuple[str, ...]]:
        if agent_type == QUICK.id:
            return QUICK, ("quick mode: the small model, no routing",)
        if agent_type != AUTO:
            return AGENTS_BY_ID[agent_type], (f"{AGENTS_BY_ID[agent_type].name} was asked by name",)
        choice = self.agent_router.route(message, [item.content for item in items])
        return choice.agent, choice.reasons

    def plan(
        self,
        user_id: str,
        message: str,
        items: Sequence[ContextItem],
        *,
        instructions: str = "",
        agent_type: str = AUTO,
        agent: Agent | None = None,
        model: str | None = None,
        priority: Priority = "normal",
        max_tokens: int | None = None,
        max_cost: int | None = None,
        cascade: bool | None = False,
        large_share: float | None = None,
    ) -> Plan:
        """agent overrides agent_type. instructions: the user's own, after the agent's. large_share: the user's own.

        cascade: the small model's answer is checked where it was chosen by routing; None: as the deployment has it.

        Raises InvalidInput (unknown or retired model), BudgetExceeded (max_cost).
        """
        chosen, why_agent = (agent, ()) if agent else self.choose_agent(agent_type, message, items)
        complexity = self._complexity.route(
            message, [item.content for item in items], priority=priority, large_share=large_share
        )
        tier = "small" if chosen is QUICK else complexity.tier
        row = self._named(model) if model else self.catalogue.for_tier(tier)
        why_model = f"{row.id} was asked by name" if model else f"{tier} model: {', '.join(complexity.reasons)}"
        system = _system(chosen, instructions)
        fitted, prompt, bound = self._fit(row, system, message, items, max_tokens)
        why_omitted = (f"the {fitted.omitted} oldest messages did not fit and were left out",) if fitted.omitted else ()
        bound = _affordable(row, prompt, bound, max_cost)
        effort = reasoning_effort(complexity.score, row.reasoning_efforts)
        key = partial(_key, user_id, chosen, row, bound, instructions, hash_context(fitted.items))
        plan = Plan(
            agent=chosen,
            model=row,
            routing=Routing(complexity.score, row.tier, (*why_agent, why_model, *why_omitted), complexity.domain),
            messages=_messages(system, fitted.items, message),
            prompt_tokens=prompt,
            max_tokens=bound,
            reasoning_effort=effort,
            key=key(effort=effort, message=message),
            scope=key(effort=None, message=""),
            omitted=fitted.omitted,
            capped=max_cost is not None,
            max_cost=max_cost,
            question=message,
        )
        wanted = self._cascade if cascade is None else cascade
        if not wanted or model or chosen is QUICK or row.id == self.catalogue.baseline.id:
            return plan
        large = self.catalogue.baseline.id
        return _cascading(
            plan,
            large,
            lambda: self.plan(
                user_id,
                message,
                items,
                instructions=instructions,
                agent=chosen,
                model=large,
                priority=priority,
                max_tokens=max_tokens,
                max_cost=max_cost,
            ),
        )

    def _fit(
        self, model: Model, system: str, message: str, items: Sequence[ContextItem], max_tokens: int | None
    ) -> tuple[FittedContext, int, int]:
        """(the context, tokens of the whole prompt, bound on the answer): together within the model's window."""
        prompt = estimate_tokens(system) + estimate_tokens(message) + TOKENS_PER_MESSAGE
        bound = min(max_tokens or self._max_tokens, self._max_tokens, model.max_output, max(model.context - prompt, 1))
        fitted = fit_context(items, min(self._context_tokens, max(model.context - bound - prompt, 0)))
        return fitted, prompt + fitted.tokens, bound

    def _named(self, model_id: str) -> Model:
        model = self.catalogue.get(model_id)
        if model is None:
            raise InvalidInput("There is no such model; GET /api/ai/v4/models lists them.", code="unknown_model")
        if model.status == "retired":
            raise InvalidInput("The vendor has retired this model.", code="model_retired")
        return model


def _cascading(plan: Plan, large: str, escalate: Callable[[], Plan]) -> Plan:
    """The plan with that of the large model, unless the cost cap leaves nothing for it."""
    try:
        escalation = escalate()
    except BudgetExceeded:
        return _with_reason(plan, f"the cost cap leaves nothing for {large}, so the answer is not checked")
    return replace(
        _with_reason(plan, f"the answer is checked, and {large} asked where it is doubted"),
        escalation=escalation,
        key=cascade_key(plan.key, escalation.key),
        scope=cascade_key(plan.scope, escalation.scope),
    )


def _with_reason(plan: Plan, reason: str) -> Plan:
    return replace(plan, routing=replace(plan.routing, reasons=(*plan.routing.reasons, reason)))


def _system(agent: Agent, instructions: str) -> str:
    """The agent's own prompt first: it is the same for everybody, so that vendors know the prefix."""
    return f"{agent.system_prompt}\n\n{instructions}" if instructions else agent.system_prompt


def _key(
    user_id: str,
    agent: Agent,
    model: Model,
    bound: int,
    instructions: str,
    context_hash: str,
    *,
    effort: str | None,
    message: str,
) -> str:
    return answer_key(
        user_id=user_id,
        agent=agent.id,
        prompt_version=agent.prompt_version,
        model=model.id,
        sampling={"temperature": agent.temperature, "max_tokens": bound, "reasoning_effort": effort},
        instructions=instructions,
        message=message,
        context_hash=context_hash,
    )


def _messages(system: str, items: Sequence[ContextItem], message: str) -> tuple[ChatMessage, ...]:
    history = (ChatMessage(item.role, item.content) for item in items)
    return (ChatMessage("system", system), *history, ChatMessage("user", message))


def _affordable(model: Model, prompt_tokens: int, bound: int, max_cost: int | None) -> int:
    """The bound on the answer, lowered so that prompt and answer cannot cost more than max_cost (pico-dollars)."""
    if max_cost is None:
        return bound
    if model.price is None:
        raise BudgetExceeded(f"The price of {model.id} is unknown, so a cost cap cannot be kept.")
    left = max_cost - prompt_tokens * model.price.input
    affordable = left // model.price.output
    if affordable < min(MINIMUM_ANSWER_TOKENS, bound):
        raise BudgetExceeded("The cost cap of this request does not cover an answer.")
    return min(bound, affordable)
