"""A provider scripted in code, for tests that need no process: it keeps the same contract as the real ones."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from backend.domain.usage import TokenUsage
from backend.errors import AetherError
from backend.services.llm.deadline import before
from backend.services.llm.failures import too_late
from backend.services.llm.provider import ChatRequest, Chunk, Completion, FinishReason

USAGE = TokenUsage(prompt=20, cached_prompt=0, completion=4, reasoning=1)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call answers. tokens: its pieces. after: how many of them go out before hold and error take effect
    (0: they take effect before any chunk).

    hold: the call waits for this event. error: the call fails with it.
    """

    tokens: tuple[str, ...] = ("Scripted", " answer", ".")
    reasoning: str = "Thinking."
    finish_reason: FinishReason = "stop"
    usage: TokenUsage | None = USAGE
    after: int = 0
    hold: asyncio.Event | None = None
    error: AetherError | None = None


Script = Callable[[ChatRequest], Reply]


class ScriptedProvider:
    """requests: what was asked. started, finished, failed, cancelled: how many calls (a cancelled one was left)."""

    name = "scripted"

    def __init__(
        self, *replies: Reply, script: Script | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """The replies in turn, the last one for ever; or a script that looks at the request."""
        self._replies = list(replies or (Reply(),))
        self._script = script or self._next
        self._clock = clock
        self.requests: list[ChatRequest] = []
        self.started = self.finished = self.failed = self.cancelled = 0
        self.closed = False

    async def complete(self, request: ChatRequest) -> Completion:
        content, reasoning, last = [], [], Chunk()
        async for chunk in self.stream(request):
            content.append(chunk.content)
            reasoning.append(chunk.reasoning)
            last = chunk if chunk.finish_reason else last
        return Completion(
            "".join(content), last.finish_reason or "stop", last.usage, request.model, reasoning="".join(reasoning)
        )

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        if self._clock() >= request.deadline:
            raise too_late()
        self.requests.append(request)
        self.started += 1
        try:
            async for chunk in self._play(request, self._script(request)):
                yield chunk
        except AetherError:
            self.failed += 1
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise
        self.finished += 1

    async def models(self, timeout_s: float) -> list[str]:
        return sorted({request.model for request in self.requests})

    async def close(self) -> None:
        self.closed = True

    def _next(self, request: ChatRequest) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    async def _play(self, request: ChatRequest, reply: Reply) -> AsyncGenerator[Chunk, None]:
        opening = [Chunk(model=request.model)]
        if reply.reasoning:
            opening.append(Chunk(reasoning=reply.reasoning))
        chunks = opening + [Chunk(content=token) for token in reply.tokens]
        early = len(opening) + reply.after if reply.after else 0
        for chunk in chunks[:early]:
            yield chunk
        if reply.hold is not None:
            await before(request.deadline, self._clock, reply.hold.wait())
        if reply.error is not None:
            raise reply.error
        for chunk in chunks[early:]:
            yield chunk
        yield Chunk(finish_reason=reply.finish_reason, usage=reply.usage)
