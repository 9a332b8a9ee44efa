"""What a caller gets back: one class a shape of the HTTP contract. Money is an exact decimal string in USD.

A receipt is a reply without its text; it is stored with the message and closes a stream.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Literal

from backend.domain.answers.cascade import CascadeUse
from backend.domain.doc import Doc
from backend.domain.usage import TokenUsage

CacheLayer = Literal["l1", "l2", "l3", "coalesced", "similar"]
AgentStatus = Literal["ok", "failed", "timed_out", "skipped"]

Text = Annotated[str, Doc("The answer, Markdown")]
FinishReason = Annotated[str, Doc("Why the model stopped: stop, length, content_filter, ...")]
ModelUsed = Annotated[str, Doc("Id of the model that answered")]
TokensUsed = Annotated[int, Doc("prompt + completion of the calls that this request pays for")]
Cost = Annotated[
    str | None, Doc("What this request costs, USD as an exact decimal string; null: the price of a call is unknown")
]
BaselineCost = Annotated[
    str | None, Doc("What the large model would have cost without a cache, USD, exact; null: unknown")
]
Saved = Annotated[
    str | None,
    Doc("baseline_cost - cost, USD, exact; negative: it cost more than the large model alone; null: unknown"),
]
ResponseTime = Annotated[float, Doc("From the request to the whole answer, seconds")]
ConversationId = Annotated[str, Doc("The conversation; a new one where none was named")]
MessageId = Annotated[str, Doc("The stored answer")]
RequestId = Annotated[str, Doc("Unique for the request; the ledger's records carry it")]
Timestamp = Annotated[datetime, Doc("When the answer was complete")]
Estimated = Annotated[bool, Doc("The vendor reported no usage: tokens and cost are an estimate")]
Omitted = Annotated[int, Doc("Oldest messages of the context that did not fit and were left out")]
Why = Annotated[tuple[str, ...], Doc("Why, in people's words")]


@dataclass(frozen=True, slots=True)
class AgentRef:
    id: Annotated[str, Doc("As agent_type takes it")]
    name: Annotated[str, Doc("For people")]
    role: Annotated[str, Doc("What it is good at")]


@dataclass(frozen=True, slots=True)
class Routing:
    """How agent and model were chosen."""

    complexity: Annotated[float, Doc("Share of reference questions that gain less from the large model, 0 to 1")]
    tier: Annotated[str, Doc("small or large")]
    reasons: Annotated[tuple[str, ...], Doc("Why this agent, this tier and this context, in people's words")]
    domain: Annotated[str | None, Doc("What the question is about, as far as it was told; null: unknown")] = None


@dataclass(frozen=True, slots=True)
class Tokens:
    prompt: Annotated[int, Doc("Tokens sent, cached ones included")]
    cached_prompt: Annotated[int, Doc("Of those, read from the vendor's prompt cache")]
    completion: Annotated[int, Doc("Tokens produced, reasoning included")]
    reasoning: Annotated[int, Doc("Of those, reasoning")]
    total: Annotated[int, Doc("prompt + completion")]

    @classmethod
    def of(cls, usage: TokenUsage) -> "Tokens":
        return cls(usage.prompt, usage.cached_prompt, usage.completion, usage.reasoning, usage.total)


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Where a reused answer came from."""

    layer: Annotated[
        CacheLayer,
        Doc("coalesced: an identical request was in flight and paid for both; similar: asked in other words before"),
    ]
    age_s: Annotated[float, Doc("Age of the answer, seconds")]
    saved: Annotated[str | None, Doc("What asking afresh would have cost, USD, exact; null: unknown")]
    question: Annotated[str | None, Doc("The earlier question whose answer this is; null: the very same one")] = None
    similarity: Annotated[float | None, Doc("Of that question to this one, 0 to 1; null: it is the same")] = None


@dataclass(frozen=True, slots=True)
class CallReceipt:
    """One call to a model that the request pays for."""

    model: ModelUsed
    purpose: Annotated[str, Doc("answer, or escalation: the larger model, after the first answer was given up")]
    outcome: Annotated[str, Doc("ok, cancelled or failed")]
    tokens_used: Annotated[int, Doc("prompt + completion")]
    cost: Cost
    response_time: Annotated[float, Doc("From the call to its last token, seconds")]


@dataclass(frozen=True, slots=True)
class ChatReceipt:
    """One agent's answer without its text."""

    finish_reason: FinishReason
    agent: AgentRef
    model_used: ModelUsed
    routing: Routing
    tokens: Tokens
    tokens_used: TokensUsed
    cost: Cost
    baseline_cost: BaselineCost
    saved: Saved
    response_time: ResponseTime
    cached: Annotated[bool, Doc("The answer was reused")]
    cache: CacheUse | None
    conversation_id: ConversationId
    message_id: MessageId
    request_id: RequestId
    timestamp: Timestamp
    usage_estimated: Estimated = False
    context_omitted: Omitted = 0
    attempts: Annotated[int, Doc("Calls that were made upstream until one was answered")] = 1
    fallback_from: Annotated[tuple[str, ...], Doc("Models that were tried before the one that answered")] = ()
    calls: Annotated[
        tuple[CallReceipt, ...], Doc("What was asked for this request, in order; none for a reused answer")
    ] = ()
    cascade: Annotated[CascadeUse | None, Doc("Where the small model's answer was checked; null: it was not")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply(ChatReceipt):
    """One agent's answer."""

    content: Text
    reasoning: Annotated[str, Doc("What the model thought, where it says so")] = ""


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A short answer from the small model."""

    content: Text
    finish_reason: FinishReason
    model_used: ModelUsed
    tokens_used: TokensUsed
    cost: Cost
    response_time: ResponseTime
    cached: Annotated[bool, Doc("The answer was reused")]
    conversation_id: ConversationId
    message_id: MessageId
    request_id: RequestId
    timestamp: Timestamp

    @classmethod
    def of(cls, reply: ChatReply) -> "QuickReply":
        return cls(**{field.name: getattr(reply, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReceipt:
    """One agent's part of a team's answer, without its text."""

    agent_type: Annotated[str, Doc("The agent's id")]
    status: Annotated[AgentStatus, Doc("skipped: enough other agents had answered")]
    error: Annotated[str | None, Doc("Why it has no answer, for people; null: it has one")]
    model_used: ModelUsed
    tokens_used: TokensUsed
    cost: Cost
    response_time: ResponseTime
    cached: Annotated[bool, Doc("The agent's answer was reused from the cache")] = False
    reused: Annotated[bool, Doc("Taken over from an earlier run and not billed again")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentResponse(AgentReceipt):
    """One agent's part of a team's answer."""

    response: Annotated[str | None, Doc("The agent's answer, Markdown; null where it has none")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReceipt:
    """Several agents' answers and their synthesis, without the texts. Totals include the synthesis."""

    individual_responses: Annotated[tuple[AgentReceipt, ...], Doc("Each agent's part, in the order asked")]
    agents_used: Annotated[tuple[str, ...], Doc("Agents whose answers the synthesis rests on")]
    total_cost: Cost
    baseline_cost: BaselineCost
    saved: Saved
    total_tokens: TokensUsed
    response_time: ResponseTime
    cached: Annotated[bool, Doc("Every answer was reused: nothing was asked upstream")]
    conversation_id: ConversationId
    message_id: MessageId
    request_id: RequestId
    timestamp: Timestamp
    finish_reason: FinishReason = "stop"
    synthesis_model: Annotated[str | None, Doc("Model that wrote the synthesis; null: one answer was enough")] = None
    usage_estimated: Estimated = False
    context_omitted: Omitted = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReply(TeamReceipt):
    """Several agents' answers and their synthesis. Totals include the synthesis."""

    synthesized_response: Annotated[str, Doc("The synthesis, Markdown")]
    individual_responses: Annotated[tuple[AgentResponse, ...], Doc("Each agent's answer, in the order asked")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no answer: the parts of the problem that stay true."""

    code: Annotated[str, Doc("Code of the problem")]
    status: Annotated[int, Doc("HTTP status of the problem")]
    detail: Annotated[str, Doc("For people")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReceipt:
    """An answer that failed. What was consumed is billed all the same."""

    error: Failure
    cost: Cost
    tokens_used: TokensUsed


@dataclass(frozen=True, slots=True)
class CostRange:
    low: Annotated[str | None, Doc("For a short answer, 0 for one from the cache; USD, exact; null: unknown price")]
    high: Annotated[str | None, Doc("For a long answer; USD, exact; null: unknown price")]


@dataclass(frozen=True, slots=True)
class TeamPart:
    """A part of a message that is surely in one agent's field."""

    agent: Annotated[str, Doc("Id of the agent whose field it is")]
    text: Annotated[str, Doc("How the part begins")]


@dataclass(frozen=True, slots=True)
class TeamWorth:
    """Whether a team is worth its price for this message. Nothing asks a team by itself: the caller decides."""

    verdict: Annotated[Literal["one agent", "team"], Doc("What Aether advises")]
    why: Annotated[str, Doc("For people")]
    agents: Annotated[tuple[str, ...], Doc("The team that is meant: who has a part, or all where nothing separates")]
    parts: Annotated[tuple[TeamPart, ...], Doc("The parts that are surely in an agent's field")]
    gain: Annotated[float, Doc("Share of these parts that one agent would answer outside its field, 0 to 1")]
    one: Annotated[CostRange, Doc("What one agent costs")]
    team: Annotated[CostRange, Doc("What that team costs, its synthesis included")]
    times: Annotated[
        float | None, Doc("How many times one agent's price the team's is, for answers of usual length; null: unknown")
    ]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request would cost, before it is made."""

    agent: Annotated[AgentRef | None, Doc("The agent that would answer; null for a team")]
    model: Annotated[str, Doc("The model that would answer; for a team, of the synthesis")]
    reasons: Why
    cost: CostRange
    cache_likelihood: Annotated[float, Doc("How likely an answer from the cache is, 0 to 1")]
    expected_seconds: Annotated[float, Doc("Until the whole answer, seconds")]
    team_worth: TeamWorth
