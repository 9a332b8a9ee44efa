"""Calls to models that an administrator can stop: none begins while they are switched off, none goes on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Protocol, cast

from backend.errors import ModelUnavailable
from backend.services.llm.provider import ChatRequest, Chunk, Completion, Provider

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
        self._cuts: set[_Cut] = set()
        switch.on_disabled(self._stop)

    async def complete(self, request: ChatRequest) -> Completion:
        self._check()
        self._cuts.add(cut := _Cut())
        try:
            with cut:
                return await self._inner.complete(request)
        finally:
            self._cuts.discard(cut)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        """It is read by one task, whose wait for a chunk is cut: a timeout for each would cost more than the chunk."""
        self._check()
        self._cuts.add(cut := _Cut())
        try:
            async with aclosing(self._inner.stream(request)) as chunks:
                with cut:
                    async for chunk in chunks:
                        cut.waiting = False
                        yield chunk
                        self._check()
                        cut.waiting = True
        finally:
            self._cuts.discard(cut)

    async def models(self, timeout_s: float) -> list[str]:
        return await self._inner.models(timeout_s)

    async def close(self) -> None:
        await self._inner.close()

    def _check(self) -> None:
        if not self._switch.enabled:
            raise _switched_off()

    def _stop(self) -> None:
        for cut in self._cuts:
            cut.stop()


class _Cut:
    """The waits of the running task for a model, one after another, which stop() ends as a timeout would."""

    def __init__(self) -> None:
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._before = self._task.cancelling()
        self.waiting = self._stopped = False

    def stop(self) -> None:
        if self.waiting and not self._stopped:
            self._stopped = True
            self._task.cancel()

    def __enter__(self) -> None:
        self.waiting = True

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raises ModelUnavailable where it was stopped, and nobody else has cancelled the task."""
        self.waiting = False
        if not self._stopped:
            return
        others = self._task.uncancel() > self._before
        if isinstance(error, asyncio.CancelledError) and not others:
            raise _switched_off() from error


def _switched_off() -> ModelUnavailable:
    return ModelUnavailable("An administrator has switched calls to models off.", retry_after=RETRY_AFTER_S)
