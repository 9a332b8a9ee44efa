"""The breaker: what opens a circuit, what does not, and how it heals."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from backend.errors import AetherError, DeadlineExceeded, ModelUnavailable, UpstreamError
from backend.services.llm.breaker import Breaker, BreakerPolicy
from backend.services.llm.provider import ChatRequest
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.unit.llm_support import LARGE, SMALL, Clock

POLICY = BreakerPolicy(threshold=3, open_s=10.0, longest_s=25.0, fair_wait_s=5.0)
BROKEN = UpstreamError("no", retryable=True, upstream_status=500)


class Upstream:
    """A scripted provider whose next answers are set by the test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reply = Reply()
        self.inner = ScriptedProvider(script=lambda _: self.reply, clock=self.clock)
        self.breaker = Breaker(self.inner, POLICY, clock=self.clock)

    async def complete(self, model: str = SMALL) -> object:
        return await self.breaker.complete(self.clock.request(model))

    async def stream(self, model: str = SMALL) -> object:
        return [chunk async for chunk in self.breaker.stream(self.clock.request(model))]

    async def fail(self, error: AetherError = BROKEN, times: int = 3) -> None:
        self.reply = Reply(error=error)
        for _ in range(times):
            with pytest.raises(type(error)):
                await self.complete()
        self.reply = Reply()


Call = Callable[[Upstream], Awaitable[object]]
BOTH = pytest.mark.parametrize("call", [Upstream.complete, Upstream.stream])


@BOTH
async def test_an_open_circuit_refuses_at_once_and_says_for_how_long(call: Call) -> None:
    upstream = Upstream()
    await upstream.fail()
    upstream.clock.now += 4.0
    with pytest.raises(ModelUnavailable) as caught:
        await call(upstream)
    assert caught.value.retry_after == 6.0
    assert upstream.inner.started == 3
    assert upstream.breaker.open_models() == {SMALL: 6.0}


async def test_each_model_has_its_own_circuit() -> None:
    upstream = Upstream()
    await upstream.fail()
    assert await upstream.complete(LARGE)


@BOTH
async def test_a_success_in_between_starts_the_count_again(call: Call) -> None:
    upstream = Upstream()
    await upstream.fail(times=2)
    await call(upstream)
    await upstream.fail(times=2)
    assert await call(upstream)


@BOTH
async def test_a_probe_heals(call: Call) -> None:
    upstream = Upstream()
    await upstream.fail()
    upstream.clock.now += 10.0
    await call(upstream)
    assert upstream.breaker.open_models() == {}
    await upstream.fail(times=2)
    assert await call(upstream)


async def test_a_failed_probe_opens_for_longer_up_to_a_bound() -> None:
    upstream = Upstream()
    await upstream.fail()
    for seconds in (20.0, 25.0, 25.0):
        upstream.clock.now += 60.0
        await upstream.fail(times=1)
        assert upstream.breaker.open_models() == {SMALL: seconds}


async def test_one_probe_at_a_time() -> None:
    upstream = Upstream()
    await upstream.fail()
    upstream.clock.now += 10.0
    hold = asyncio.Event()
    upstream.reply = Reply(hold=hold)
    probe = asyncio.create_task(upstream.complete())
    await asyncio.sleep(0)
    with pytest.raises(ModelUnavailable):
        await upstream.complete()
    hold.set()
    await probe
    assert await upstream.complete()


async def test_a_probe_that_was_left_gives_no_verdict() -> None:
    upstream = Upstream()
    await upstream.fail()
    upstream.clock.now += 10.0
    upstream.reply = Reply(hold=asyncio.Event())
    probe = asyncio.create_task(upstream.complete())
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    upstream.reply = Reply()
    assert await upstream.complete()


async def test_a_long_stream_lets_others_in_at_its_first_text() -> None:
    upstream = Upstream()
    await upstream.fail()
    upstream.clock.now += 10.0
    upstream.reply = Reply(after=1, hold=asyncio.Event())
    stream = upstream.breaker.stream(upstream.clock.request())
    while not (await anext(stream)).content:
        pass
    upstream.reply = Reply()
    assert await upstream.complete()
    await stream.aclose()
    assert upstream.inner.cancelled == 1


@pytest.mark.parametrize(
    "error",
    [
        UpstreamError("limited", retryable=True, upstream_status=429),
        UpstreamError("wrong", upstream_status=400),
        ModelUnavailable("retired"),
        DeadlineExceeded("too soon"),
    ],
)
async def test_what_is_not_the_models_fault_does_not_open_it(error: AetherError) -> None:
    upstream = Upstream()
    await upstream.fail(error, times=10)
    assert await upstream.complete()


async def test_streams_that_break_in_the_middle_open_it() -> None:
    upstream = Upstream()
    upstream.reply = Reply(after=1, error=BROKEN)
    for _ in range(3):
        with pytest.raises(UpstreamError):
            await upstream.stream()
    with pytest.raises(ModelUnavailable):
        await upstream.stream()


@pytest.mark.parametrize(("waited_s", "opens"), [(4.9, False), (5.0, True)])
async def test_a_time_out_counts_only_after_a_fair_wait(waited_s: float, opens: bool) -> None:
    """Retry ends an attempt at the deadline by cancelling it; a short deadline says nothing about the model."""
    upstream = Upstream()
    upstream.reply = Reply(hold=asyncio.Event())
    for _ in range(3):
        request = upstream.clock.request(within_s=waited_s)
        await _cancel_at_deadline(upstream, request)
    assert bool(upstream.breaker.open_models()) is opens


async def _cancel_at_deadline(upstream: Upstream, request: ChatRequest) -> None:
    task = asyncio.create_task(upstream.breaker.complete(request))
    await asyncio.sleep(0)
    upstream.clock.now = request.deadline
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_goes_is_no_time_out() -> None:
    upstream = Upstream()
    upstream.reply = Reply(hold=asyncio.Event())
    for _ in range(3):
        task = asyncio.create_task(upstream.breaker.complete(upstream.clock.request(within_s=600.0)))
        await asyncio.sleep(0)
        upstream.clock.now += 100.0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert upstream.breaker.open_models() == {}
