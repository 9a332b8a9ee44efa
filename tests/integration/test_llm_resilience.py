"""The provider that the services get, retries, breaker and fallback included, against the simulator."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from backend.domain.models import ModelCatalogue
from backend.errors import DeadlineExceeded, ModelUnavailable, UpstreamError
from backend.services.llm.breaker import BreakerPolicy
from backend.services.llm.provider import ChatMessage, ChatRequest, Chunk, Provider
from backend.services.llm.registry import TRANSPORTS, open_llm
from backend.services.llm.retry import RetryPolicy
from tests.servers import SimulatorHandle

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"


def ask(model: str = SMALL, *, deadline_s: float = 30.0) -> ChatRequest:
    messages = (ChatMessage("user", "Explain the halting problem."),)
    return ChatRequest(model, messages, 0.2, 2_000, time.monotonic() + deadline_s, reasoning_effort="low")


@pytest.fixture(params=sorted(TRANSPORTS))
async def llm(request: pytest.FixtureRequest, simulator: SimulatorHandle) -> AsyncIterator[Provider]:
    llm = open_llm(
        request.param,
        simulator.url,
        "key",
        catalogue=ModelCatalogue(),
        loopback_only=True,
        retry=RetryPolicy(attempts=3, first_wait_s=0.01),
        breaker=BreakerPolicy(threshold=8, open_s=60.0, fair_wait_s=10.0),
    )
    yield llm
    await llm.close()


def program(simulator: SimulatorHandle, fault: str, **fields: object) -> None:
    simulator.control.post("/faults", json={"fault": fault, **fields}).raise_for_status()


async def collect(llm: Provider, request: ChatRequest, received: list[Chunk]) -> None:
    async with aclosing(llm.stream(request)) as chunks:
        async for chunk in chunks:
            received.append(chunk)  # noqa: PERF401 - a comprehension would lose them at an error


@pytest.mark.parametrize("fault", ["500", "503", "429", "498", "refuse", "cut", "malformed-json"])
async def test_a_passing_failure_is_not_noticed(llm: Provider, simulator: SimulatorHandle, fault: str) -> None:
    program(simulator, fault, count=2, after=0, retry_after=0.01)
    completion = await llm.complete(ask())
    assert (completion.model, completion.attempts, completion.fallback_from) == (SMALL, 3, ())
    assert simulator.calls()["started"] == 3
    program(simulator, fault, count=2, after=0, retry_after=0.01)
    received: list[Chunk] = []
    await collect(llm, ask(), received)
    assert received[0].attempts == 3
    assert "".join(chunk.content for chunk in received) == completion.content


async def test_a_stream_that_breaks_after_its_first_text_is_an_error(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "cut", after=4)
    received: list[Chunk] = []
    with pytest.raises(UpstreamError):
        await collect(llm, ask(), received)
    assert sum(bool(chunk.content or chunk.reasoning) for chunk in received) == 4
    assert simulator.calls()["started"] == 1


async def test_retry_after_is_honoured(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "429", count=1, retry_after=0.4)
    started = time.monotonic()
    assert (await llm.complete(ask())).attempts == 2
    assert time.monotonic() - started >= 0.4


async def test_a_vendor_that_is_full_for_too_long_is_not_waited_for(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "429", retry_after=100)
    started = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        await llm.complete(ask())
    assert time.monotonic() - started < 5.0
    assert (caught.value.retry_after, caught.value.attempts) == (100, 2)  # each production model once


async def test_another_model_answers_for_a_retired_one(llm: Provider) -> None:
    completion = await llm.complete(replace(ask("llama-3.3-70b-versatile"), reasoning_effort=None))
    assert (completion.model, completion.fallback_from) == (LARGE, ("llama-3.3-70b-versatile",))


async def test_another_model_answers_for_one_that_keeps_failing(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "500", model=SMALL)
    received: list[Chunk] = []
    await collect(llm, ask(), received)
    assert (received[0].model, received[0].fallback_from, received[0].attempts) == (LARGE, (SMALL,), 4)
    assert received[-1].finish_reason == "stop"


async def test_a_wrong_request_costs_one_call(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "400")
    with pytest.raises(UpstreamError):
        await llm.complete(ask())
    assert simulator.calls()["started"] == 1


async def test_an_open_circuit_spares_the_vendor(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "500")
    for _ in range(6):
        with pytest.raises((UpstreamError, ModelUnavailable)):
            await llm.complete(ask())
    assert simulator.calls()["started"] == 16  # the threshold of each of the two production models
    with pytest.raises(ModelUnavailable) as caught:
        await llm.complete(ask())
    assert caught.value.retry_after is not None
    assert simulator.calls()["started"] == 16


@pytest.mark.parametrize("fault", ["hang", "hang-mid-stream"])
async def test_one_deadline_holds_for_all_of_it(llm: Provider, simulator: SimulatorHandle, fault: str) -> None:
    program(simulator, fault)
    for call in (llm.complete, lambda request: collect(llm, request, [])):
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await call(ask(deadline_s=0.4))
        assert time.monotonic() - started < 3.0
    assert simulator.calls()["started"] == 2


async def test_short_deadlines_do_not_open_the_circuit(llm: Provider, simulator: SimulatorHandle) -> None:
    program(simulator, "hang", count=10)
    results = await asyncio.gather(*(llm.complete(ask(deadline_s=0.3)) for _ in range(10)), return_exceptions=True)
    assert all(isinstance(result, DeadlineExceeded) for result in results)
    assert (await llm.complete(ask())).fallback_from == ()
