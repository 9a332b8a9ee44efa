"""The Provider protocol: one small interface between Aether and every vendor of models.

A provider is stateless towards its callers, translates the vendor's errors into backend.errors, and never retries:
retry, circuit breaking and fallback are providers around a provider.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from backend.domain.reconciliation import VendorReport
from backend.domain.usage import TokenUsage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "cancelled"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call for a completion. deadline: time.monotonic() instant by which it must have ended, retries included.

    reasoning_effort None: the vendor's default. fallback False: no other model may answer (its price might be higher).
    correlation_id goes into the vendor's request header X-Request-ID.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    temperature: float
    max_tokens: int
    deadline: float
    reasoning_effort: str | None = None
    fallback: bool = True
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. usage None: the vendor reported none, the caller estimates and says so.

    model: the model that answered. attempts: upstream calls made for it. fallback_from: models tried before it.
    report: what the vendor says of the call, where it says anything.
    """

    content: str
    finish_reason: FinishReason
    usage: TokenUsage | None
    model: str
    reasoning: str = ""
    attempts: int = 1
    fallback_from: tuple[str, ...] = ()
    report: VendorReport | None = None


class Chunk(NamedTuple):
    """A piece of a streamed answer: some of content and reasoning may be empty.

    The last chunk of a complete stream has finish_reason; usage and report are on that chunk or on one after it.
    The first chunk of a stream may have no text: it tells which model answers. A tuple, because one is made for each
    token, which a frozen dataclass of so many fields would make twice as dear.
    """

    content: str = ""
    reasoning: str = ""
    finish_reason: FinishReason | None = None
    usage: TokenUsage | None = None
    model: str | None = None
    attempts: int = 1
    fallback_from: tuple[str, ...] = ()
    report: VendorReport | None = None


class Provider(Protocol):
    """Raises UpstreamError (retryable or not), ModelUnavailable, DeadlineExceeded; nothing of the vendor's own.

    A provider that calls a vendor keeps the request's deadline itself, for every wait.
    """

    name: str

    async def complete(self, request: ChatRequest) -> Completion: ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """Yields chunks as they arrive. aclose() closes the upstream call at once."""
        ...

    async def models(self, timeout_s: float) -> list[str]:
        """Ids of the models that the vendor serves now; also the health check."""
        ...

    async def close(self) -> None: ...
