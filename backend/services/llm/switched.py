"""Calls to models that an administrator can stop: none begins while they are switched off, none goes on."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol, TypeVar

from backend.errors import ModelUnavailable
from backend.services.llm.provider import ChatRequest, Chunk, Completion, Provider

T = TypeVar("T")
RETRY_AFTER_S = 60.0


class Switch(Protocol):
    """Whether models may be called."""

    @property
    def enabled(self) -> bool: ...

    def on_disabled(self, handler: Callable[[], None]) -> None: ...


class Switched:
    """A provider around all others: a call under way is cancelled, which closes it upstream at once."""

    def __init__(self, inner: Provider, switch: Switch) -> None:
        self.name = inner.name
        self._inner = inner
        self._switch = switch
        self._waiting: set[asyncio.Timeout] = set()
        switch.on_disabled(self._stop)

    async def complete(self, request: ChatRequest) -> Completion:
        self._check()
        return await self._unless_stopped(self._inner.complete(request))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        self._check()
        async with aclosing(self._inner.stream(request)) as chunks:
            while (chunk := await self._unless_stopped(anext(chunks, None))) is not None:
                yield chunk
                self._check()

    async def models(self, timeout_s: float) -> list[str]:
        return await self._inner.models(timeout_s)

    async def close(self) -> None:
        await self._inner.close()

    def _check(self) -> None:
        if not self._switch.enabled:
            raise _switched_off()

    async def _unless_stopped(self, work: Awaitable[T]) -> T:
        """A timeout without an end, which _stop brings about: no task is needed for every chunk."""
        cut = asyncio.timeout(None)
        try:
            async with cut:
                self._waiting.add(cut)
                return await work
        except TimeoutError as error:
            if cut.expired():
                raise _switched_off() from error
            raise
        finally:
            self._waiting.discard(cut)

    def _stop(self) -> None:
        now = asyncio.get_running_loop().time()
        for cut in self._waiting:
            cut.reschedule(now)


def _switched_off() -> ModelUnavailable:
    return ModelUnavailable("An administrator has switched calls to models off.", retry_after=RETRY_AFTER_S)
