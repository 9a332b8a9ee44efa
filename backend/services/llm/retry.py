"""The one owner of retries and of the total deadline."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from backend.errors import AetherError, ModelUnavailable, UpstreamError
from backend.services.llm.deadline import before
from backend.services.llm.failures import CircuitOpen, too_late
from backend.services.llm.provider import ChatRequest, Chunk, Completion, Provider

T = TypeVar("T")
log = structlog.get_logger()
WAITING_HELPS = frozenset({429, 498, 503})
"""A vendor that says so is full: after the last attempt the caller hears 503 and when to come back."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds: the n-th wait is random between half and all of first_wait_s * 2**(n-1), at most longest_wait_s.

    default_retry_after_s: what a caller is told where the vendor named no time.
    """

    attempts: int = 3
    first_wait_s: float = 0.2
    longest_wait_s: float = 4.0
    default_retry_after_s: float = 5.0


class Retry:
    """A provider around a provider. A stream is tried again only before its first text has gone out.

    Raises DeadlineExceeded at the deadline; ModelUnavailable with retry_after where the vendor stays full, or will be
    for longer than the deadline allows; else the last attempt's error. An error's attempts says how many calls it took.
    While a stream flows, its provider bounds the wait for a chunk: another timer for each token would double its cost.
    """

    def __init__(
        self,
        inner: Provider,
        policy: RetryPolicy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = inner.name
        self._inner = inner
        self._policy = policy or RetryPolicy()
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    async def complete(self, request: ChatRequest) -> Completion:
        completion, attempts = await self._persist(request, lambda: self._inner.complete(request))
        return completion if attempts == 1 else replace(completion, attempts=attempts)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        (prelude, chunks), attempts = await self._persist(request, lambda: self._open(request))
        async with aclosing(chunks):
            for chunk in prelude:
                yield chunk._replace(attempts=attempts)
            async for chunk in chunks:
                if self._clock() >= request.deadline:
                    raise too_late()
                yield chunk

    async def models(self, timeout_s: float) -> list[str]:
        return await self._inner.models(timeout_s)

    async def close(self) -> None:
        await self._inner.close()

    async def _open(self, request: ChatRequest) -> tuple[list[Chunk], AsyncGenerator[Chunk, None]]:
        """Reads a stream up to its first text: so far nothing has gone out, and a failure can be made good."""
        chunks = self._inner.stream(request)
        prelude: list[Chunk] = []
        try:
            async for chunk in chunks:
                prelude.append(chunk)
                if chunk.content or chunk.reasoning or chunk.finish_reason:
                    break
        except BaseException:
            await chunks.aclose()
            raise
        return prelude, chunks

    async def _persist(self, request: ChatRequest, call: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """The result of the call and how many attempts it took.

        A plain loop: tenacity costs 60 us a call, a tenth of what a whole chat turn may cost.
        """
        attempts = 0
        while True:
            if self._clock() >= request.deadline:
                raise too_late()
            attempts += 1
            try:
                return await before(request.deadline, self._clock, call()), attempts
            except AetherError as error:
                refused_here = isinstance(error, CircuitOpen)  # nothing went to the vendor
                error.attempts = attempts - 1 if refused_here else attempts
                wait_s = self._wait_after(error, request.deadline)
                if wait_s is None:
                    raise self._final(error) from error.__cause__
                _report(request.model, error, wait_s)
            await self._sleep(wait_s)

    def _wait_after(self, error: AetherError, deadline: float) -> float | None:
        """Seconds until the next attempt, never less than the vendor asked for; None where there is to be none.

        Jitter keeps many callers from coming back at once. A wait that ends past the deadline is not begun.
        """
        if not (isinstance(error, UpstreamError) and error.retryable) or error.attempts >= self._policy.attempts:
            return None
        longest = min(self._policy.first_wait_s * 2.0 ** (error.attempts - 1), self._policy.longest_wait_s)
        jitter = self._chance() * longest / 2
        wait_s = longest / 2 + jitter if error.retry_after is None else error.retry_after + jitter
        return wait_s if self._clock() + wait_s < deadline else None

    def _final(self, error: AetherError) -> AetherError:
        """What the caller hears after the last attempt: of a vendor that is full, when to come back."""
        if not (isinstance(error, UpstreamError) and error.retryable and error.upstream_status in WAITING_HELPS):
            return error
        asked = error.retry_after
        full = ModelUnavailable(
            error.detail, retry_after=self._policy.default_retry_after_s if asked is None else asked
        )
        full.attempts = error.attempts
        return full


def _report(model: str, error: AetherError, wait_s: float) -> None:
    status = error.upstream_status if isinstance(error, UpstreamError) else None
    log.warning("upstream_retry", model=model, attempt=error.attempts, upstream_status=status, wait_s=round(wait_s, 3))
