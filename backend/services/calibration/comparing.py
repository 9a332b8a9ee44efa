"""Compares a small model's answer with the large one's: asks for the other answer, and for a verdict where needed."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from backend.domain.budgets import Amount
from backend.domain.calibration.agreement import compare_answers
from backend.domain.calibration.comparisons import COMPARISON
from backend.domain.calibration.fit import Gain, Source
from backend.domain.models import Model, ModelCatalogue
from backend.domain.routing.complexity import reasoning_effort
from backend.domain.usage import TokenUsage, UsageRecord
from backend.errors import UpstreamError
from backend.services.calibration.judging import JUDGE_TOKENS, choice_of, judge_messages
from backend.services.enhanced_ai_service.bounds import TEMPLATE_TOKENS
from backend.services.enhanced_ai_service.calls import ModelCall
from backend.services.llm.provider import ChatMessage, ChatRequest, Provider

CALL_S = 45.0
JUDGEMENTS = 2
COMPARISON_S = CALL_S * (1 + JUDGEMENTS)


@dataclass(frozen=True, slots=True)
class Sample:
    """A small model's answer to be compared, and the prompt that it came from."""

    user_id: str
    message_id: str
    domain: str | None
    score: float
    model: str
    question: str
    answer: str
    messages: tuple[ChatMessage, ...]
    temperature: float
    max_tokens: int


@dataclass(slots=True)
class Comparison:
    """One sample under way. calls: every upstream call that it has made so far, whatever becomes of it."""

    sample: Sample
    calls: list[ModelCall] = field(default_factory=list)


class Comparer:
    """clock: seconds that only rise. rng: which answer the judge sees first."""

    def __init__(
        self,
        provider: Provider,
        catalogue: ModelCatalogue,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random,
    ) -> None:
        self._provider = provider
        self._catalogue = catalogue
        self._clock = clock
        self._rng = rng

    @property
    def model(self) -> Model:
        return self._catalogue.for_tier("large")

    def most_of(self, sample: Sample) -> Amount:
        """The most that the comparison may consume. A byte is at least as much as a token."""
        prompt = TEMPLATE_TOKENS + sum(len(message.content.encode()) for message in sample.messages)
        asked = judge_messages(sample.messages, sample.answer, "")
        judged = TEMPLATE_TOKENS + sum(len(message.content.encode()) for message in asked) + sample.max_tokens
        usage = TokenUsage(prompt + JUDGEMENTS * judged, completion=self._bound(sample) + JUDGEMENTS * JUDGE_TOKENS)
        return Amount(usage.total, self.model.cost(usage))

    def records(self, comparison: Comparison) -> tuple[UsageRecord, ...]:
        """Of all its calls, for the ledger. Without routing nothing would be compared, so the baseline is 0."""
        records = (call.record(self._catalogue) for call in comparison.calls)
        return tuple(replace(record, call=number, baseline=0) for number, record in enumerate(records))

    async def compare(self, comparison: Comparison) -> tuple[Gain, Source]:
        """Raises what the provider raises, UpstreamError where an answer was cut or a verdict is none."""
        sample = comparison.sample
        effort = reasoning_effort(sample.score, self.model.reasoning_efforts)
        large = await self._ask(comparison, sample.messages, self._bound(sample), sample.temperature, effort)
        gain = compare_answers(sample.question, sample.answer, large)
        if gain is not None:
            return gain, "comparison"
        return await self._judged(comparison, large), "judge"

    async def _judged(self, comparison: Comparison, large: str) -> Gain:
        """Both orders must agree; where the first finds no difference, the second cannot change that."""
        large_is_a = self._rng.random() < 0.5
        first = await self._verdict(comparison, large, large_is_a=large_is_a)
        if first == 0 or first != await self._verdict(comparison, large, large_is_a=not large_is_a):
            return 0
        return first

    async def _verdict(self, comparison: Comparison, large: str, *, large_is_a: bool) -> Gain:
        answers = (large, comparison.sample.answer)
        first, second = answers if large_is_a else answers[::-1]
        messages = judge_messages(comparison.sample.messages, first, second)
        choice = choice_of(await self._ask(comparison, messages, JUDGE_TOKENS, 0.0, "low"))
        if choice is None:
            raise UpstreamError("The judge did not choose.")
        if choice == "same":
            return 0
        return 1 if (choice == "A") == large_is_a else -1

    async def _ask(
        self,
        comparison: Comparison,
        messages: tuple[ChatMessage, ...],
        max_tokens: int,
        temperature: float,
        effort: str | None,
    ) -> str:
        request = ChatRequest(
            model=self.model.id,
            messages=messages,
            temperature=temperature,
            max_tokens=max_tokens,
            deadline=self._clock() + CALL_S,
            reasoning_effort=effort if effort in self.model.reasoning_efforts else None,
            fallback=False,
        )
        call = ModelCall(self._provider, request, COMPARISON, COMPARISON, clock=self._clock)
        comparison.calls.append(call)
        await call.run()
        if call.finish_reason != "stop":
            raise UpstreamError("The answer to compare with was cut.")
        return call.content

    def _bound(self, sample: Sample) -> int:
        return min(sample.max_tokens, self.model.max_output)
