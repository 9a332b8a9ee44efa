"""Every provider keeps the same contract: the two transports against the simulator, the scripted one in code."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from backend.errors import AetherError, DeadlineExceeded, ModelUnavailable, UpstreamError
from backend.services.llm.endpoint import RefusedEndpoint
from backend.services.llm.provider import ChatMessage, ChatRequest, Chunk, Provider
from backend.services.llm.registry import TRANSPORTS, open_provider
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.servers import SimulatorHandle

MODEL = "openai/gpt-oss-20b"
PATIENCE_S = 10.0
BOTH = sorted(TRANSPORTS)


def ask(
    question: str = "How do I reverse a list in Python?",
    *,
    deadline_s: float = 30.0,
    model: str = MODEL,
    max_tokens: int = 2_000,
) -> ChatRequest:
    messages = (ChatMessage("system", "You are Dev, a senior developer."), ChatMessage("user", question))
    return ChatRequest(model, messages, 0.2, max_tokens, time.monotonic() + deadline_s)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - the condition lies in another process
            await asyncio.sleep(0.01)


async def collect(provider: Provider, request: ChatRequest, received: list[Chunk] | None = None) -> list[Chunk]:
    """All chunks; those before an error are in received."""
    received = [] if received is None else received
    async with aclosing(provider.stream(request)) as chunks:
        async for chunk in chunks:
            received.append(chunk)
    return received


@pytest.fixture
async def control(simulator: SimulatorHandle) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{simulator.url}/simulator") as client:
        yield client


@pytest.fixture(params=BOTH)
async def provider(request: pytest.FixtureRequest, simulator: SimulatorHandle) -> AsyncIterator[Provider]:
    provider = open_provider(request.param, simulator.url, "key", loopback_only=True)
    yield provider
    await provider.close()


@pytest.fixture(params=[*BOTH, "scripted"])
async def any_provider(request: pytest.FixtureRequest, simulator: SimulatorHandle) -> AsyncIterator[Provider]:
    provider: Provider = ScriptedProvider()
    if request.param != "scripted":
        provider = open_provider(request.param, simulator.url, "key", loopback_only=True)
    yield provider
    await provider.close()


async def program(control: httpx.AsyncClient, fault: str, **fields: object) -> None:
    (await control.post("/faults", json={"fault": fault, **fields})).raise_for_status()


async def calls(control: httpx.AsyncClient) -> dict[str, Any]:
    counts: dict[str, Any] = (await control.get("/calls")).json()
    return counts


class TestEveryProvider:
    async def test_a_completion_has_content_usage_and_reasoning(self, any_provider: Provider) -> None:
        completion = await any_provider.complete(ask())
        assert completion.content
        assert completion.reasoning
        assert completion.finish_reason == "stop"
        assert completion.model == MODEL
        assert completion.usage
        assert completion.usage.prompt > 0
        assert completion.usage.completion > completion.usage.reasoning > 0

    async def test_a_stream_says_the_same_as_a_completion(self, any_provider: Provider) -> None:
        completion = await any_provider.complete(ask())
        chunks = await collect(any_provider, ask())
        assert "".join(chunk.content for chunk in chunks) == completion.content
        assert "".join(chunk.reasoning for chunk in chunks) == completion.reasoning
        assert chunks[0].model == MODEL
        assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["stop"]
        usage = [chunk.usage for chunk in chunks if chunk.usage]
        assert completion.usage
        assert usage == [replace(completion.usage, cached_prompt=usage[0].cached_prompt)]

    async def test_no_call_is_made_past_the_deadline(self, any_provider: Provider, simulator: SimulatorHandle) -> None:
        with pytest.raises(DeadlineExceeded):
            await any_provider.complete(ask(deadline_s=-1))
        with pytest.raises(DeadlineExceeded):
            await collect(any_provider, ask(deadline_s=-1))
        assert simulator.calls()["started"] == 0

    async def test_models_lists_ids(self, any_provider: Provider) -> None:
        await any_provider.complete(ask())
        assert MODEL in await any_provider.models(5.0)


class TestScripted:
    async def test_holds_fails_and_notices_that_it_was_left(self) -> None:
        hold = asyncio.Event()
        provider = ScriptedProvider(Reply(after=1, hold=hold), Reply(error=UpstreamError("scripted", retryable=True)))
        stream = provider.stream(ask())
        first = [await anext(stream) for _ in range(3)]
        assert first[-1].content == "Scripted"
        await stream.aclose()
        with pytest.raises(UpstreamError):
            await provider.complete(ask())
        assert (provider.started, provider.cancelled, provider.failed, provider.finished) == (2, 1, 1, 0)

    async def test_a_held_call_ends_at_its_deadline(self) -> None:
        with pytest.raises(DeadlineExceeded):
            await ScriptedProvider(Reply(hold=asyncio.Event())).complete(ask(deadline_s=0.02))


class TestStreaming:
    async def test_tokens_arrive_while_the_upstream_still_produces(
        self, provider: Provider, control: httpx.AsyncClient
    ) -> None:
        await control.post("/gate", json={"open": False, "after": 2})
        async with aclosing(provider.stream(ask())) as stream:
            async with asyncio.timeout(PATIENCE_S):
                while not (chunk := await anext(stream)).reasoning and not chunk.content:
                    pass
            assert (await calls(control))["active"] == 1
            await control.post("/gate", json={"open": True})
            rest = [chunk async for chunk in stream]
        assert rest[-1].finish_reason == "stop"
        assert (await calls(control))["finished"] == 1

    async def test_leaving_a_stream_closes_the_upstream_call(
        self, provider: Provider, control: httpx.AsyncClient
    ) -> None:
        await control.post("/gate", json={"open": False, "after": 2})
        stream = provider.stream(ask())
        assert (await anext(stream)).model == MODEL
        await anext(stream)
        await stream.aclose()
        await until(lambda: _cancelled(control, 1), within_s=1.0)

    async def test_cancelling_a_completion_closes_the_upstream_call(
        self, provider: Provider, control: httpx.AsyncClient
    ) -> None:
        await control.post("/gate", json={"open": False})
        task = asyncio.create_task(provider.complete(ask()))
        await until(lambda: _active(control, 1))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: _cancelled(control, 1), within_s=1.0)

    async def test_connections_are_used_again(self, simulator: SimulatorHandle, provider: Provider) -> None:
        for _ in range(3):
            await provider.complete(ask())
            await collect(provider, ask())
        assert simulator.calls()["finished"] == 6

    async def test_max_tokens_ends_with_length(self, provider: Provider) -> None:
        completion = await provider.complete(ask(max_tokens=30))
        assert completion.finish_reason == "length"
        assert completion.usage
        assert completion.usage.completion == 30
        chunks = await collect(provider, ask(max_tokens=30))
        assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["length"]

    async def test_what_is_sent_reaches_the_vendor(self, provider: Provider, control: httpx.AsyncClient) -> None:
        await control.post("/requests", json={"keep": 10})
        await provider.complete(replace(ask(), reasoning_effort="high", correlation_id="correlation-1"))
        (seen,) = (await control.get("/requests")).json()["requests"]
        assert seen["request_id"] == "correlation-1"
        assert seen["request"]["reasoning_effort"] == "high"
        assert seen["request"]["messages"][1] == {"role": "user", "content": "How do I reverse a list in Python?"}

    async def test_a_repeated_prefix_is_reported_as_cached(self, provider: Provider) -> None:
        question = "Compare these designs. " * 60
        first, second = await provider.complete(ask(question)), await provider.complete(ask(question))
        assert first.usage
        assert second.usage
        assert first.usage.cached_prompt == 0
        assert 0 < second.usage.cached_prompt <= second.usage.prompt


async def _cancelled(control: httpx.AsyncClient, count: int) -> bool:
    return int((await calls(control))["cancelled"]) == count


async def _active(control: httpx.AsyncClient, count: int) -> bool:
    return int((await calls(control))["active"]) == count


STATUSES = [
    ("400", UpstreamError, False, 400),
    ("401", UpstreamError, False, 401),
    ("403", UpstreamError, False, 403),
    ("413", UpstreamError, False, 413),
    ("422", UpstreamError, False, 422),
    ("429", UpstreamError, True, 429),
    ("429-no-retry-after", UpstreamError, True, 429),
    ("429-oversized", UpstreamError, False, 429),
    ("498", UpstreamError, True, 498),
    ("500", UpstreamError, True, 500),
    ("502", UpstreamError, True, 502),
    ("503", UpstreamError, True, 503),
    ("refuse", UpstreamError, True, None),
    ("wrong-content-type", UpstreamError, True, None),
]
BREAKS = ["cut", "early-stop", "stream-error", "malformed-json", "long-line"]


class TestFailures:
    @pytest.mark.parametrize(("fault", "kind", "retryable", "status"), STATUSES)
    async def test_statuses(
        self,
        provider: Provider,
        control: httpx.AsyncClient,
        fault: str,
        kind: type[UpstreamError],
        retryable: bool,
        status: int | None,
    ) -> None:
        await program(control, fault)
        for call in (provider.complete(ask()), collect(provider, ask())):
            with pytest.raises(kind) as caught:
                await call
            assert caught.value.retryable is retryable
            assert caught.value.upstream_status == status

    async def test_retry_after_is_told(self, provider: Provider, control: httpx.AsyncClient) -> None:
        await program(control, "429", retry_after=7.5)
        with pytest.raises(UpstreamError) as caught:
            await provider.complete(ask())
        assert caught.value.retry_after == 7.5

    @pytest.mark.parametrize("model", ["llama-3.3-70b-versatile", "no/such-model"])
    async def test_a_model_that_is_not_served(self, provider: Provider, model: str) -> None:
        with pytest.raises(ModelUnavailable):
            await provider.complete(ask(model=model))
        with pytest.raises(ModelUnavailable):
            await collect(provider, ask(model=model))

    @pytest.mark.parametrize("fault", BREAKS)
    async def test_an_answer_that_breaks_is_never_taken_for_a_whole_one(
        self, provider: Provider, control: httpx.AsyncClient, fault: str
    ) -> None:
        await program(control, fault, after=5)
        received: list[Chunk] = []
        with pytest.raises(UpstreamError):
            await collect(provider, ask(), received)
        assert not any(chunk.finish_reason for chunk in received)
        if fault != "long-line":
            assert any(chunk.content or chunk.reasoning for chunk in received)
        with pytest.raises(UpstreamError):
            await provider.complete(ask())

    @pytest.mark.parametrize("fault", ["hang", "hang-mid-stream", "slow-first-token", "slow-tokens"])
    async def test_an_upstream_that_takes_too_long(
        self, provider: Provider, control: httpx.AsyncClient, fault: str
    ) -> None:
        await program(control, fault, seconds=60.0, rate=0.1)
        with pytest.raises(DeadlineExceeded):
            await provider.complete(ask(deadline_s=0.3))
        with pytest.raises(DeadlineExceeded):
            await collect(provider, ask(deadline_s=0.3))
        await until(lambda: _cancelled(control, 2), within_s=1.0)

    async def test_nothing_listens(self, unused_tcp_port: int, provider: Provider) -> None:
        absent = open_provider(provider.name, f"http://127.0.0.1:{unused_tcp_port}", "key", loopback_only=True)
        try:
            with pytest.raises(UpstreamError) as caught:
                await absent.complete(ask())
            assert caught.value.retryable
            with pytest.raises(UpstreamError):
                await absent.models(1.0)
        finally:
            await absent.close()

    async def test_errors_do_not_repeat_what_was_typed(self, provider: Provider, control: httpx.AsyncClient) -> None:
        with pytest.raises(AetherError) as caught:
            await provider.complete(ask(model="my/secret-model"))
        assert "secret" not in caught.value.detail


@pytest.mark.parametrize("transport", BOTH)
@pytest.mark.parametrize("url", ["", "https://api.groq.com", "http://10.0.0.1/v1", "http://localhost.example.com"])
async def test_tests_cannot_reach_a_paid_api(transport: str, url: str) -> None:
    with pytest.raises(RefusedEndpoint):
        open_provider(transport, url, "key", loopback_only=True)
