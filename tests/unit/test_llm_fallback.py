"""Fallback: another model answers where the asked one cannot, and says so."""

import time
from contextlib import aclosing
from dataclasses import replace

import pytest

from backend.domain.models import CATALOGUE, ModelCatalogue
from backend.errors import AetherError, DeadlineExceeded, ModelUnavailable, UpstreamError
from backend.services.llm.failures import ModelGone
from backend.services.llm.fallback import GONE_S, Fallback
from backend.services.llm.provider import ChatRequest, Chunk
from backend.services.llm.registry import compose
from backend.services.llm.retry import RetryPolicy
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.unit.llm_support import LARGE, SMALL, Clock

GONE = ModelUnavailable("gone")
BROKEN = UpstreamError("no", retryable=True, upstream_status=500)
WRONG = UpstreamError("wrong", upstream_status=400)
CUT = UpstreamError("cut", retryable=True)


class Models:
    """A scripted provider with one reply for each model."""

    def __init__(self, **replies: Reply) -> None:
        self.clock = Clock()
        self.inner = ScriptedProvider(script=lambda request: replies[_short(request)], clock=self.clock)
        self.provider = Fallback(self.inner, ModelCatalogue())

    async def stream(self, request: ChatRequest) -> list[Chunk]:
        async with aclosing(self.provider.stream(request)) as chunks:
            return [chunk async for chunk in chunks]

    @property
    def asked(self) -> list[str]:
        return [request.model for request in self.inner.requests]


def _short(request: ChatRequest) -> str:
    return {SMALL: "small", LARGE: "large"}.get(request.model, "other")


@pytest.mark.parametrize("error", [GONE, BROKEN])
async def test_the_next_production_model_answers(error: AetherError) -> None:
    models = Models(small=Reply(error=error), large=Reply())
    completion = await models.provider.complete(models.clock.request())
    assert (completion.model, completion.fallback_from) == (LARGE, (SMALL,))
    chunks = await models.stream(models.clock.request())
    assert (chunks[0].model, chunks[0].fallback_from) == (LARGE, (SMALL,))
    assert models.asked == [SMALL, LARGE] * 2


@pytest.mark.parametrize("error", [WRONG, DeadlineExceeded("late")])
async def test_a_request_that_is_wrong_or_late_is_not_asked_again(error: AetherError) -> None:
    models = Models(small=Reply(error=error))
    with pytest.raises(type(error)):
        await models.provider.complete(models.clock.request())
    with pytest.raises(type(error)):
        await models.stream(models.clock.request())
    assert models.asked == [SMALL, SMALL]


async def test_nothing_changes_after_the_first_text() -> None:
    models = Models(small=Reply(after=1, error=CUT), large=Reply())
    with pytest.raises(UpstreamError):
        await models.stream(models.clock.request())
    assert models.asked == [SMALL]


@pytest.mark.parametrize("second", [BROKEN, WRONG])
async def test_where_all_fail_the_asked_models_error_is_told(second: AetherError) -> None:
    models = Models(small=Reply(error=GONE), large=Reply(error=second))
    with pytest.raises(ModelUnavailable):
        await models.provider.complete(models.clock.request())
    with pytest.raises(ModelUnavailable):
        await models.stream(models.clock.request())


async def test_a_withdrawn_model_is_told_and_left_alone_for_a_while() -> None:
    gone: list[str] = []
    clock = Clock()
    withdrawn, broken = Reply(error=ModelGone("withdrawn")), Reply(error=BROKEN)
    inner = ScriptedProvider(withdrawn, Reply(), Reply(), broken, Reply(), clock=clock)
    provider = Fallback(inner, ModelCatalogue(), gone.append, clock)
    for _ in range(2):
        assert (await provider.complete(clock.request())).fallback_from == (SMALL,)
    clock.now += GONE_S
    assert (await provider.complete(clock.request())).fallback_from == (SMALL,)
    assert gone == [SMALL], "one that only fails is not gone"
    assert [request.model for request in inner.requests] == [SMALL, LARGE, LARGE, SMALL, LARGE]


async def test_a_withdrawn_model_without_a_substitute_is_asked_all_the_same() -> None:
    clock = Clock()
    inner = ScriptedProvider(Reply(error=ModelGone("withdrawn")), clock=clock)
    provider = Fallback(inner, ModelCatalogue(), clock=clock)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await provider.complete(replace(clock.request(), fallback=False))
    assert inner.started == 2


async def test_a_model_outside_of_the_catalogue_has_no_substitute() -> None:
    models = Models(other=Reply(error=GONE))
    with pytest.raises(ModelUnavailable):
        await models.provider.complete(models.clock.request("my/own-model"))
    assert models.asked == ["my/own-model"]


async def test_the_substitute_is_asked_within_its_own_limits() -> None:
    clock = Clock()
    large = replace(ModelCatalogue().get(LARGE) or CATALOGUE[1], max_output=50, reasoning_efforts=())
    inner = ScriptedProvider(Reply(error=GONE), Reply(), clock=clock)
    provider = Fallback(inner, ModelCatalogue((CATALOGUE[0], large)))
    await provider.complete(clock.request(effort="high"))
    assert (inner.requests[1].max_tokens, inner.requests[1].reasoning_effort) == (50, None)
    assert inner.requests[0].reasoning_effort == "high"


async def test_every_call_that_was_made_is_counted() -> None:
    inner = ScriptedProvider(*[Reply(error=BROKEN)] * 2, Reply())
    provider = compose(inner, ModelCatalogue(), retry=RetryPolicy(attempts=2, first_wait_s=0.001))
    clock = Clock(time.monotonic())
    chunks = [chunk async for chunk in provider.stream(clock.request())]
    assert (chunks[0].attempts, chunks[0].fallback_from, inner.started) == (3, (SMALL,), 3)
