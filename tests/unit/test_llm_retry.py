"""Retries: what is tried again, how long it waits, and when it gives up."""

import asyncio
from contextlib import aclosing

import pytest

from backend.errors import DeadlineExceeded, ModelUnavailable, UpstreamError
from backend.services.llm.breaker import Breaker, BreakerPolicy
from backend.services.llm.provider import Chunk
from backend.services.llm.retry import Retry, RetryPolicy
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.unit.llm_support import Clock

POLICY = RetryPolicy(attempts=3, first_wait_s=1.0, longest_wait_s=4.0, default_retry_after_s=5.0)


def failing(status: int | None = 500, retry_after: float | None = None) -> Reply:
    return Reply(error=UpstreamError("no", retryable=True, upstream_status=status, retry_after=retry_after))


def wrap(inner: ScriptedProvider, clock: Clock, policy: RetryPolicy = POLICY, chance: float = 0.0) -> Retry:
    return Retry(inner, policy, clock=clock, sleep=clock.sleep, chance=lambda: chance)


async def collect(provider: Retry, clock: Clock, received: list[Chunk] | None = None) -> list[Chunk]:
    """All chunks; those before an error are in received."""
    received = [] if received is None else received
    async with aclosing(provider.stream(clock.request())) as chunks:
        async for chunk in chunks:
            received.append(chunk)
    return received


async def test_a_failure_is_made_good_and_counted() -> None:
    clock = Clock()
    inner = ScriptedProvider(failing(), failing(), Reply(), clock=clock)
    completion = await wrap(inner, clock).complete(clock.request())
    assert (completion.content, completion.attempts, inner.started) == ("Scripted answer.", 3, 3)
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize(("chance", "waits"), [(0.0, [0.5, 1.0, 2.0, 2.0]), (1.0, [1.0, 2.0, 4.0, 4.0])])
async def test_waits_grow_are_capped_and_jittered(chance: float, waits: list[float]) -> None:
    clock = Clock()
    provider = wrap(ScriptedProvider(failing(), clock=clock), clock, RetryPolicy(5, 1.0, 4.0), chance)
    with pytest.raises(UpstreamError) as caught:
        await provider.complete(clock.request())
    assert clock.slept == waits
    assert caught.value.attempts == 5


async def test_retry_after_is_waited_for() -> None:
    clock = Clock()
    provider = wrap(ScriptedProvider(failing(429, retry_after=7.0), Reply(), clock=clock), clock)
    assert (await provider.complete(clock.request())).attempts == 2
    assert clock.slept == [7.0]


async def test_retry_after_past_the_deadline_fails_at_once() -> None:
    clock = Clock()
    inner = ScriptedProvider(failing(429, retry_after=61.0), clock=clock)
    with pytest.raises(ModelUnavailable) as caught:
        await wrap(inner, clock).complete(clock.request(within_s=60.0))
    assert (caught.value.retry_after, caught.value.attempts) == (61.0, 1)
    assert (inner.started, clock.slept) == (1, [])


@pytest.mark.parametrize("status", [429, 498, 503])
async def test_a_vendor_that_stays_full_is_unavailable_and_says_when_to_come_back(status: int) -> None:
    clock = Clock()
    with pytest.raises(ModelUnavailable) as caught:
        await wrap(ScriptedProvider(failing(status), clock=clock), clock).complete(clock.request())
    assert (caught.value.retry_after, caught.value.attempts) == (5.0, 3)


@pytest.mark.parametrize("status", [None, 408, 500, 502])
async def test_a_vendor_that_stays_broken_is_an_upstream_error(status: int | None) -> None:
    clock = Clock()
    with pytest.raises(UpstreamError) as caught:
        await wrap(ScriptedProvider(failing(status), clock=clock), clock).complete(clock.request())
    assert (caught.value.status, caught.value.upstream_status, caught.value.attempts) == (502, status, 3)


@pytest.mark.parametrize(
    "error", [UpstreamError("wrong", upstream_status=400), ModelUnavailable("gone"), DeadlineExceeded("late")]
)
async def test_what_cannot_get_better_is_not_tried_again(error: UpstreamError) -> None:
    clock = Clock()
    inner = ScriptedProvider(Reply(error=error), clock=clock)
    with pytest.raises(type(error)) as caught:
        await wrap(inner, clock).complete(clock.request())
    assert (inner.started, caught.value.attempts) == (1, 1)


async def test_the_deadline_ends_a_call_that_hangs() -> None:
    hold = asyncio.Event()
    inner = ScriptedProvider(Reply(hold=hold))
    loop_clock = asyncio.get_running_loop().time
    clock = Clock(loop_clock())
    provider = Retry(inner, POLICY, clock=loop_clock)
    for call in (provider.complete, lambda request: anext(provider.stream(request))):
        clock.now = loop_clock()
        with pytest.raises(DeadlineExceeded):
            await call(clock.request(within_s=0.02))
    assert inner.started == inner.cancelled + inner.failed == 2


async def test_no_call_is_made_past_the_deadline() -> None:
    clock = Clock()
    inner = ScriptedProvider(clock=clock)
    with pytest.raises(DeadlineExceeded) as caught:
        await wrap(inner, clock).complete(clock.request(within_s=0.0))
    assert (inner.started, caught.value.attempts) == (0, 0)


async def test_a_stream_is_tried_again_before_its_first_text() -> None:
    clock = Clock()
    inner = ScriptedProvider(failing(), Reply(), clock=clock)
    chunks = await collect(wrap(inner, clock), clock)
    assert "".join(chunk.content for chunk in chunks) == "Scripted answer."
    assert chunks[0].model is not None
    assert chunks[0].attempts == 2


async def test_a_stream_that_has_begun_is_not() -> None:
    clock = Clock()
    broken = UpstreamError("cut", retryable=True)
    inner = ScriptedProvider(Reply(after=1, error=broken), Reply(), clock=clock)
    received: list[Chunk] = []
    with pytest.raises(UpstreamError):
        await collect(wrap(inner, clock), clock, received)
    assert [chunk.content for chunk in received if chunk.content] == ["Scripted"]
    assert inner.started == 1


async def test_leaving_a_stream_leaves_the_call() -> None:
    clock = Clock()
    inner = ScriptedProvider(Reply(after=1, hold=asyncio.Event()), clock=clock)
    stream = wrap(inner, clock).stream(clock.request())
    await anext(stream)
    await stream.aclose()
    assert inner.cancelled == 1


async def test_a_call_that_an_open_circuit_refused_is_not_counted() -> None:
    clock = Clock()
    inner = ScriptedProvider(failing(), clock=clock)
    provider = Retry(
        Breaker(inner, BreakerPolicy(threshold=2), clock=clock),
        POLICY,
        clock=clock,
        sleep=clock.sleep,
        chance=lambda: 0.0,
    )
    with pytest.raises(ModelUnavailable) as caught:
        await provider.complete(clock.request())
    assert caught.value.attempts == inner.started == 2
