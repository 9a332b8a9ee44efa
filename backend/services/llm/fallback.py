"""Another model of the catalogue answers where the asked one is unavailable or keeps failing."""

import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from backend.domain.models import Model, ModelCatalogue
from backend.errors import AetherError, ModelUnavailable, UpstreamError
from backend.services.llm.failures import ModelGone
from backend.services.llm.provider import ChatRequest, Chunk, Completion, Provider

GONE_S = 300.0
"""So long a model that the vendor has withdrawn is not asked again where another one can answer."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Failed:
    """The models that failed so far, the calls that took, and the first error: what was asked for failed by it."""

    models: tuple[str, ...] = ()
    attempts: int = 0
    error: AetherError | None = None

    def add(self, model: str, error: AetherError) -> None:
        self.models += (model,)
        self.attempts += error.attempts
        self.error = self.error or error

    def final(self) -> AetherError:
        error = self.error or ModelUnavailable("No model is available.")
        error.attempts = self.attempts
        return error


def _can_be_made_good(error: AetherError) -> bool:
    """A request that is wrong is wrong for every model."""
    return isinstance(error, ModelUnavailable) or (isinstance(error, UpstreamError) and error.retryable)


class Fallback:
    """A provider around a provider: the asked model, then the catalogue's production models, the nearest tier first.

    Nothing changes once text has gone out. Where all fail, the error is that of the asked model.
    on_gone: told the id of a model that the vendor no longer serves. clock: seconds that only rise.
    """

    def __init__(
        self,
        inner: Provider,
        catalogue: ModelCatalogue,
        on_gone: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = inner.name
        self._inner = inner
        self._catalogue = catalogue
        self._on_gone = on_gone
        self._clock = clock
        self._gone_until: dict[str, float] = {}

    async def complete(self, request: ChatRequest) -> Completion:
        failed = self._without(request)
        for candidate in self._candidates(request, failed):
            try:
                answer = await self._inner.complete(candidate)
            except (UpstreamError, ModelUnavailable) as error:
                self._take(failed, candidate, error)
            else:
                if not failed.models:
                    return answer
                return replace(answer, attempts=answer.attempts + failed.attempts, fallback_from=failed.models)
        raise failed.final()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        failed = self._without(request)
        for candidate in self._candidates(request, failed):
            started = False
            try:
                async with aclosing(self._inner.stream(candidate)) as chunks:
                    async for chunk in chunks:
                        told = started or not failed.models
                        started = True
                        yield chunk if told else _marked(chunk, failed)
                return
            except (UpstreamError, ModelUnavailable) as error:
                if started:
                    raise
                self._take(failed, candidate, error)
        raise failed.final()

    async def models(self, timeout_s: float) -> list[str]:
        return await self._inner.models(timeout_s)

    async def close(self) -> None:
        await self._inner.close()

    def _without(self, request: ChatRequest) -> _Failed:
        """The asked model counts as failed beforehand where it is known to be gone and another one can answer."""
        gone = self._gone_until.get(request.model, -math.inf) > self._clock()
        return _Failed((request.model,)) if gone and self._others(request) else _Failed()

    def _candidates(self, request: ChatRequest, failed: _Failed) -> Iterator[ChatRequest]:
        if not failed.models:
            yield request
        for model in self._others(request):
            yield _adapted(request, model)

    def _others(self, request: ChatRequest) -> tuple[Model, ...]:
        asked = self._catalogue.get(request.model) if request.fallback else None
        return self._catalogue.fallbacks(asked) if asked else ()

    def _take(self, failed: _Failed, candidate: ChatRequest, error: AetherError) -> None:
        """Notes the failure where another model may do better; else raises what the caller is to hear."""
        first = not failed.models
        failed.add(candidate.model, error)
        if isinstance(error, ModelGone):
            self._gone_until[candidate.model] = self._clock() + GONE_S
            self._on_gone(candidate.model)
        if not _can_be_made_good(error):
            raise error if first else failed.final()
        log.warning("model_failed", model=candidate.model, code=error.code, attempts=error.attempts)


def _adapted(request: ChatRequest, model: Model) -> ChatRequest:
    """The same request within what another model accepts."""
    effort = request.reasoning_effort if request.reasoning_effort in model.reasoning_efforts else None
    return replace(
        request, model=model.id, max_tokens=min(request.max_tokens, model.max_output), reasoning_effort=effort
    )


def _marked(chunk: Chunk, failed: _Failed) -> Chunk:
    return chunk._replace(attempts=chunk.attempts + failed.attempts, fallback_from=failed.models)
