"""One upstream call: what it has consumed at any moment, and what the ledger says of it."""

import asyncio

import pytest

from backend.domain.models import ModelCatalogue
from backend.domain.usage import TokenUsage
from backend.errors import AetherError, DeadlineExceeded, UpstreamError
from backend.services.enhanced_ai_service.calls import ModelCall
from backend.services.llm.provider import ChatMessage, ChatRequest
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.unit.llm_support import SMALL, Clock

CATALOGUE = ModelCatalogue()
USAGE = TokenUsage(20, 0, 4, 1)


def call(reply: Reply, *, streaming: bool = False, clock: Clock | None = None) -> ModelCall:
    clock = clock or Clock()
    request = ChatRequest(SMALL, (ChatMessage("user", "four bytes here!"),), 0.2, 100, clock() + 60)
    emit = (lambda content, reasoning: None) if streaming else None
    return ModelCall(ScriptedProvider(reply, clock=clock), request, "dev", emit=emit, clock=clock)


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_whole_answer_costs_what_was_reported(streaming: bool) -> None:
    made = call(Reply(usage=USAGE), streaming=streaming)
    await made.run()
    record = made.record(CATALOGUE)
    assert (made.content, made.reasoning, made.finish_reason) == ("Scripted answer.", "Thinking.", "stop")
    assert (record.outcome, record.usage, record.estimated) == ("ok", USAGE, False)
    assert record.cost == CATALOGUE.for_tier("small").cost(USAGE)
    assert record.baseline == CATALOGUE.baseline.cost(USAGE)
    assert (record.ttft_s is not None) == streaming


async def test_a_failure_before_any_text_is_free() -> None:
    made = call(Reply(error=UpstreamError("no")))
    with pytest.raises(AetherError):
        await made.run()
    record = made.record(CATALOGUE)
    assert (record.outcome, record.cost, record.usage, record.estimated) == ("failed", 0, TokenUsage(), False)


async def test_a_stream_that_breaks_off_costs_an_estimate_of_what_came() -> None:
    made = call(Reply(after=2, error=UpstreamError("no"), usage=None), streaming=True)
    with pytest.raises(AetherError):
        await made.run()
    record = made.record(CATALOGUE)
    assert (made.content, record.outcome, record.estimated) == ("Scripted answer", "failed", True)
    assert record.usage.prompt == 8  # 16 bytes, and the frame of a message
    assert record.usage.completion > record.usage.reasoning > 0


async def cancelled(made: ModelCall, at: float) -> ModelCall:
    running = asyncio.ensure_future(made.run())
    await asyncio.sleep(0)
    assert isinstance(made.clock, Clock)
    made.clock.now += at
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return made


@pytest.mark.parametrize(("after_s", "outcome", "estimated"), [(1.0, "cancelled", True), (60.0, "failed", False)])
async def test_a_call_is_cancelled_before_its_deadline_and_failed_at_it(
    after_s: float, outcome: str, estimated: bool
) -> None:
    made = await cancelled(call(Reply(hold=asyncio.Event())), after_s)
    record = made.record(CATALOGUE)
    assert (record.outcome, record.estimated, record.latency_s, made.ended) == (outcome, estimated, after_s, True)


async def test_a_deadline_is_a_failure() -> None:
    clock = Clock()
    made = call(Reply(), clock=clock)
    clock.now += 61
    with pytest.raises(DeadlineExceeded):
        await made.run()
    assert made.record(CATALOGUE).outcome == "failed"
