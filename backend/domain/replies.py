"""What a caller gets back: one class a shape of the HTTP contract. Money is an exact decimal string in USD.

A receipt is a reply without its text; it is stored with the message and closes a stream.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend.domain.usage import TokenUsage

CacheLayer = Literal["l1", "l2", "l3", "coalesced"]
AgentStatus = Literal["ok", "failed", "timed_out", "skipped"]


@dataclass(frozen=True, slots=True)
class AgentRef:
    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Routing:
    """complexity 0..1; reasons: why this agent, this tier and this context, in people's words."""

    complexity: float
    tier: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    prompt: int
    cached_prompt: int
    completion: int
    reasoning: int
    total: int

    @classmethod
    def of(cls, usage: TokenUsage) -> "Tokens":
        return cls(usage.prompt, usage.cached_prompt, usage.completion, usage.reasoning, usage.total)


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Where a reused answer came from, how old it is (s), what asking afresh had cost (USD, null if unpriced)."""

    layer: CacheLayer
    age_s: float
    saved: str | None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One agent's answer. usage_estimated: the vendor reported no usage. context_omitted: messages left out."""

    content: str
    finish_reason: str
    agent: AgentRef
    model_used: str
    routing: Routing
    tokens: Tokens
    tokens_used: int
    cost: str | None
    baseline_cost: str | None
    response_time: float
    cached: bool
    cache: CacheUse | None
    conversation_id: str
    message_id: str
    request_id: str
    timestamp: datetime
    reasoning: str = ""
    usage_estimated: bool = False
    context_omitted: int = 0
    attempts: int = 1
    fallback_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuickReply:
    content: str
    finish_reason: str
    model_used: str
    tokens_used: int
    cost: str | None
    response_time: float
    cached: bool
    conversation_id: str
    message_id: str
    request_id: str
    timestamp: datetime

    @classmethod
    def of(cls, reply: ChatReply) -> "QuickReply":
        return cls(**{name: getattr(reply, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class AgentResponse:
    """One agent's part of a team's answer. reused: taken over from an earlier run and not billed again."""

    agent_type: str
    status: AgentStatus
    response: str | None
    error: str | None
    model_used: str
    tokens_used: int
    cost: str | None
    response_time: float
    cached: bool = False
    reused: bool = False


@dataclass(frozen=True, slots=True)
class TeamReply:
    """Several agents' answers and their synthesis. total_cost and total_tokens include the synthesis."""

    synthesized_response: str
    individual_responses: tuple[AgentResponse, ...]
    agents_used: tuple[str, ...]
    total_cost: str | None
    baseline_cost: str | None
    total_tokens: int
    response_time: float
    cached: bool
    conversation_id: str
    message_id: str
    request_id: str
    timestamp: datetime
    finish_reason: str = "stop"
    synthesis_model: str | None = None
    usage_estimated: bool = False
    context_omitted: int = 0


@dataclass(frozen=True, slots=True)
class CostRange:
    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class TeamWorth:
    verdict: Literal["one agent", "team"]
    why: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request would cost, before it is made. cache_likelihood 0..1, expected_seconds for the whole answer."""

    agent: AgentRef | None
    model: str
    reasons: tuple[str, ...]
    cost: CostRange
    cache_likelihood: float
    expected_seconds: float
    team_worth: TeamWorth
