"""One upstream call: runs it, keeps what has arrived so far, and turns it into a ledger record whatever happens."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.domain.context import estimate_tokens, text_tokens
from backend.domain.models import ModelCatalogue
from backend.domain.reconciliation import Discrepancy, VendorReport, reconcile
from backend.domain.usage import TokenUsage, UsageRecord
from backend.errors import AetherError
from backend.services.llm.provider import ChatRequest, FinishReason, Provider

TIMER_SLACK_S = 0.05
"""An event loop's timer may fire this much before the clock reaches its instant."""

PIECES = 64

Emit = Callable[[str, str], None]
"""Receives each piece of an answer as it arrives: (content, reasoning), one of which may be empty."""


class Pieces:
    """A text that comes in pieces, joined now and then: a string object is ten times what a token has in it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def add(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)
            if len(self._pieces) > PIECES:
                self._pieces = [self.text]


@dataclass(slots=True)
class ModelCall:
    """A call in progress. emit, where given, makes it a stream.

    outcome: ok, cancelled (whoever waited has left) or failed (by the vendor, or at the deadline).
    given_up: its answer is not the one that is given, so that the large model would have spared it.
    """

    provider: Provider
    request: ChatRequest
    agent: str
    purpose: str = "answer"
    emit: Emit | None = None
    clock: Callable[[], float] = time.monotonic
    model: str = field(init=False)
    usage: TokenUsage | None = None
    report: VendorReport | None = None
    finish_reason: FinishReason | None = None
    outcome: str = "failed"
    given_up: bool = False
    attempts: int = 1
    fallback_from: tuple[str, ...] = ()
    _started: float | None = None
    _first: float | None = None
    _ended: float | None = None
    _content: Pieces = field(default_factory=Pieces)
    _reasoning: Pieces = field(default_factory=Pieces)

    def __post_init__(self) -> None:
        self.model = self.request.model

    @property
    def content(self) -> str:
        return self._content.text

    @property
    def reasoning(self) -> str:
        return self._reasoning.text

    @property
    def ended(self) -> bool:
        return self._ended is not None

    @property
    def latency_s(self) -> float:
        if self._started is None:
            return 0.0
        return (self.clock() if self._ended is None else self._ended) - self._started

    @property
    def ttft_s(self) -> float | None:
        """Seconds to the first piece of an answer, None where it did not stream or nothing came."""
        return None if self._first is None or self._started is None else self._first - self._started

    async def run(self) -> None:
        """Raises what the provider raises; what had arrived stays readable."""
        self._started = self.clock()
        try:
            await (self._complete() if self.emit is None else self._stream(self.emit))
            self.outcome = "ok"
        except asyncio.CancelledError:
            if self.clock() < self.request.deadline - TIMER_SLACK_S:
                self.outcome = "cancelled"
            raise
        except AetherError as error:
            self.attempts = max(error.attempts, 1)
            raise
        finally:
            self._ended = self.clock()

    async def _complete(self) -> None:
        done = await self.provider.complete(self.request)
        self._content.add(done.content)
        self._reasoning.add(done.reasoning)
        self.usage, self.finish_reason, self.model = done.usage, done.finish_reason, done.model
        self.attempts, self.fallback_from, self.report = done.attempts, done.fallback_from, done.report

    async def _stream(self, emit: Emit) -> None:
        async with aclosing(self.provider.stream(self.request)) as chunks:
            async for chunk in chunks:
                if chunk.model is not None:
                    self.model, self.attempts, self.fallback_from = chunk.model, chunk.attempts, chunk.fallback_from
                if chunk.content or chunk.reasoning:
                    self._first = self.clock() if self._first is None else self._first
                    self._reasoning.add(chunk.reasoning)
                    self._content.add(chunk.content)
                    emit(chunk.content, chunk.reasoning)
                self.finish_reason = chunk.finish_reason or self.finish_reason
                self.usage, self.report = chunk.usage or self.usage, chunk.report or self.report

    def consumed(self) -> TokenUsage:
        """Reported usage, or an estimate from the text that went out and, so far, came back."""
        if self.usage is not None:
            return self.usage
        prompt = sum(estimate_tokens(message.content) for message in self.request.messages)
        reasoning, content = text_tokens(self.reasoning), text_tokens(self.content)
        return TokenUsage(prompt, 0, reasoning + content, reasoning)

    def record(self, catalogue: ModelCatalogue) -> UsageRecord:
        """The ledger's record of this call, numbered 0.

        A call that failed before any text arrived consumed nothing that a vendor bills; one that was cancelled or
        cut is billed as an estimate.
        """
        free = self.outcome == "failed" and not self.content and not self.reasoning and self.usage is None
        usage = TokenUsage() if free else self.consumed()
        model = catalogue.get(self.model)
        return UsageRecord(
            call=0,
            agent=self.agent,
            model=self.model,
            usage=usage,
            cost=model.cost(usage) if model else None,
            baseline=0 if self.given_up else catalogue.baseline.cost(usage),
            price_version=model.price_version if model else None,
            latency_s=self.latency_s,
            ttft_s=self.ttft_s,
            outcome=self.outcome,
            purpose=self.purpose,
            timestamp=datetime.now(UTC),
            estimated=self.usage is None and not free,
            attempts=self.attempts,
            fallback_from=self.fallback_from,
            reported_cost=self.report.cost if self.report else None,
        )

    def discrepancies(self, record: UsageRecord, catalogue: ModelCatalogue) -> tuple[Discrepancy, ...]:
        """Where the vendor's report differs from the record of this call."""
        if self.report is None or self.usage is None:
            return ()
        model = catalogue.get(self.model)
        kept_back = not self.reasoning and (model is None or bool(model.reasoning_efforts))
        seen = None if kept_back else text_tokens(self.content) + text_tokens(self.reasoning)
        return reconcile(self.report, record.usage, record.cost, seen)
