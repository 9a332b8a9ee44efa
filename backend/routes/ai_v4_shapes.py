"""Request bodies of /api/ai/v4, checked before anything else sees them, and the questions that they become."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from backend.domain.agents import AGENTS, QUICK
from backend.domain.conversations import ContextItem
from backend.domain.doc import Doc
from backend.domain.usage import parse_usd
from backend.routes.text import CLEAN, MessageText, Shape
from backend.services.enhanced_ai_service import AgentAsk, TeamAsk
from backend.services.identity import Principal

MAX_CONTEXT_ITEMS = 100
MAX_DEADLINE_S = 600
AGENT_IDS = tuple(agent.id for agent in AGENTS)


def known_agent(value: str) -> str:
    if value not in AGENT_IDS:
        raise ValueError(f"expected one of {', '.join(AGENT_IDS)}")
    return value


def known_agent_or_auto(value: str) -> str:
    return value if value == "auto" else known_agent(value)


def amount(value: str) -> str:
    if parse_usd(value) <= 0:
        raise ValueError("expected an amount above 0")
    return value


def distinct(value: list[str]) -> list[str]:
    if len(set(value)) != len(value):
        raise ValueError("expected each agent once")
    return value


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$"), CLEAN]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=200), CLEAN]
AgentId = Annotated[str, AfterValidator(known_agent), Field(json_schema_extra={"enum": [*AGENT_IDS]})]
AgentChoice = Annotated[
    str, AfterValidator(known_agent_or_auto), Field(json_schema_extra={"enum": ["auto", *AGENT_IDS]})
]
AgentList = Annotated[list[AgentId], Field(min_length=1, max_length=len(AGENT_IDS)), AfterValidator(distinct)]
Dollars = Annotated[
    str,
    StringConstraints(max_length=30, pattern=r"^\d+(\.\d{1,12})?$"),
    AfterValidator(amount),
    Field(examples=["0.01"]),
]
Seconds = Annotated[float, Field(gt=0, le=MAX_DEADLINE_S)]


class ContextEntry(Shape):
    role: Annotated[Literal["user", "assistant"], Doc("Who said it")]
    content: Annotated[MessageText, Doc("1 to 32,000 characters after trimming")]


Context = Annotated[
    list[ContextEntry],
    Field(
        max_length=MAX_CONTEXT_ITEMS, description="What was said before, oldest first; after the stored conversation"
    ),
]
Message = Annotated[MessageText, Doc("What the user says, 1 to 32,000 characters after trimming")]
ConversationId = Annotated[Identifier | None, Doc("The conversation to continue; left out: a new one starts")]
Temporary = Annotated[
    bool, Doc("true: a new conversation is in no list, search or export, and gone a day after it began")
]
UseCache = Annotated[bool, Doc("false: ask afresh")]
MaxCost = Annotated[Dollars | None, Doc("Everything that the request may cost, USD; left out: no bound")]
Deadline = Annotated[Seconds | None, Doc("Everything that it may take, seconds; the server has a bound of its own")]


def items(context: list[ContextEntry]) -> tuple[ContextItem, ...]:
    return tuple(ContextItem(entry.role, entry.content) for entry in context)


def pico(dollars: str | None) -> int | None:
    return None if dollars is None else parse_usd(dollars)


class QuickBody(Shape):
    message: Message
    model: Annotated[ModelId | None, Doc("Left out: chosen by tier; see GET /api/ai/v4/models")] = None
    conversation_id: ConversationId = None
    temporary: Temporary = False

    def ask(self, caller: Principal, correlation_id: str | None) -> AgentAsk:
        return AgentAsk(
            user_id=caller.user_id,
            api_key=caller.key,
            message=self.message,
            agent_type=QUICK.id,
            model=self.model,
            conversation_id=self.conversation_id,
            temporary=self.temporary,
            correlation_id=correlation_id,
        )


class ChatBody(QuickBody):
    agent_type: Annotated[AgentChoice, Doc("auto: routed by what the message is about")] = "auto"
    parent_id: Annotated[
        Identifier | None, Doc("The message to continue, where it is not the last: a branch; root: another beginning")
    ] = None
    regenerate_of: Annotated[Identifier | None, Doc("An answer to be given anew; message is then ignored")] = None
    context: Context = Field(default_factory=list)
    use_cache: UseCache = True
    priority: Annotated[Literal["normal", "high", "premium"], Doc("Higher ones lean towards the large model")] = (
        "normal"
    )
    max_tokens: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | None,
        Doc("Longest answer, tokens; the server has a bound of its own"),
    ] = None
    max_cost_usd: MaxCost = None
    deadline_s: Deadline = None
    cascade: Annotated[
        bool | None,
        Doc(
            "true: a small model's answer is checked, and the large model asked where it is doubted; null: as deployed"
        ),
    ] = None

    def ask(self, caller: Principal, correlation_id: str | None) -> AgentAsk:
        return AgentAsk(
            user_id=caller.user_id,
            api_key=caller.key,
            message=self.message,
            agent_type=self.agent_type,
            model=self.model,
            conversation_id=self.conversation_id,
            parent_id=self.parent_id,
            regenerate_of=self.regenerate_of,
            context=items(self.context),
            temporary=self.temporary,
            use_cache=self.use_cache,
            priority=self.priority,
            max_tokens=self.max_tokens,
            max_cost=pico(self.max_cost_usd),
            deadline_s=self.deadline_s,
            cascade=self.cascade,
            correlation_id=correlation_id,
        )


class TeamFields(Shape):
    """What a team adds to a question."""

    agents: Annotated[AgentList | None, Doc("Left out: all of them")] = None
    collaboration_mode: Annotated[
        Literal["parallel", "sequential"], Doc("sequential: each agent reads the answers before its own")
    ] = "parallel"
    min_agents: Annotated[
        Annotated[int, Field(ge=1, le=len(AGENT_IDS))] | None, Doc("So many answers are enough; left out: wait for all")
    ] = None

    @model_validator(mode="after")
    def _enough_agents(self) -> Self:
        if self.min_agents and self.min_agents > len(self.agents or AGENT_IDS):
            raise ValueError("min_agents is more than the agents asked")
        return self


class TeamBody(TeamFields):
    message: Message
    context: Context = Field(default_factory=list)
    conversation_id: ConversationId = None
    temporary: Temporary = False
    use_cache: UseCache = True
    deadline_s: Deadline = None
    max_cost_usd: MaxCost = None

    def ask(self, caller: Principal, correlation_id: str | None) -> TeamAsk:
        return team_ask(self, caller, correlation_id)


class StreamBody(ChatBody, TeamFields):
    """mode multi-agent takes the fields of a team, mode single those of one agent."""

    mode: Annotated[Literal["single", "multi-agent"], Doc("One agent, or a team")] = "single"

    @model_validator(mode="after")
    def _fields_fit_mode(self) -> Self:
        foreign = {"single": TeamFields.model_fields, "multi-agent": SINGLE_ONLY}[self.mode]
        if used := sorted(set(foreign) & self.model_fields_set):
            raise ValueError(f"mode {self.mode} does not take {', '.join(used)}")
        return self

    def question(self, caller: Principal, correlation_id: str | None) -> AgentAsk | TeamAsk:
        if self.mode == "single":
            return self.ask(caller, correlation_id)
        return team_ask(self, caller, correlation_id, parent_id=self.parent_id)


def team_ask(
    body: "TeamBody | StreamBody", caller: Principal, correlation_id: str | None, parent_id: str | None = None
) -> TeamAsk:
    return TeamAsk(
        user_id=caller.user_id,
        api_key=caller.key,
        message=body.message,
        agents=tuple(body.agents or AGENT_IDS),
        collaboration_mode=body.collaboration_mode,
        min_agents=body.min_agents,
        conversation_id=body.conversation_id,
        parent_id=parent_id,
        context=items(body.context),
        temporary=body.temporary,
        use_cache=body.use_cache,
        max_cost=pico(body.max_cost_usd),
        deadline_s=body.deadline_s,
        correlation_id=correlation_id,
    )


SINGLE_ONLY = ("agent_type", "model", "regenerate_of", "priority", "max_tokens", "cascade")


class EstimateBody(ChatBody):
    mode: Annotated[Literal["quick", "optimized", "multi-agent"], Doc("The call that the quote is for")] = "optimized"
    agents: Annotated[AgentList | None, Doc("Of a team; left out: all of them")] = None

    @model_validator(mode="after")
    def _agents_fit_mode(self) -> Self:
        if self.agents and self.mode != "multi-agent":
            raise ValueError(f"mode {self.mode} does not take agents")
        return self
