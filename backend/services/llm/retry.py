"""The one owner of retries and of the total deadline."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

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


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, UpstreamError) and error.retryable


class Retry:
    """A provider around a provider. A stream is tried again only before its first text has gone out.

    Raises DeadlineExceeded at the deadline; ModelUnavailable with retry_after where the vendor stays full, or will be
    for longer than the deadline allows; else the last attempt's error. An error's attempts says how many calls it took.
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
                yield replace(chunk, attempts=attempts)
            while (following := await before(request.deadline, self._clock, anext(chunks, None))) is not None:
                yield following

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
        """The result of the call and how many attempts it took."""
        attempts = 0

        async def attempt() -> T:
            nonlocal attempts
            if self._clock() >= request.deadline:
                raise too_late()
            attempts += 1
            try:
                return await before(request.deadline, self._clock, call())
            except CircuitOpen:
                attempts -= 1  # it was none: nothing went to the vendor
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_retryable),
            wait=self._wait,
            stop=lambda state: self._must_stop(state, request.deadline),
            before_sleep=lambda state: _report(state, request.model),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(attempt), attempts
        except AetherError as error:
            error.attempts = attempts
            if (full := self._full(error)) is not None:
                raise full from error
            raise

    def _wait(self, state: RetryCallState) -> float:
        """Never less than the vendor asked for; jitter keeps many callers from coming back at once."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, AetherError) else None
        longest = min(self._policy.first_wait_s * 2.0 ** (state.attempt_number - 1), self._policy.longest_wait_s)
        jitter = self._chance() * longest / 2
        return longest / 2 + jitter if asked is None else asked + jitter

    def _must_stop(self, state: RetryCallState, deadline: float) -> bool:
        """A wait that ends past the deadline is not begun."""
        return (
            state.attempt_number >= self._policy.attempts or self._clock() + (state.upcoming_sleep or 0.0) >= deadline
        )

    def _full(self, error: AetherError) -> ModelUnavailable | None:
        """What the caller hears of a vendor that is full, None for any other failure."""
        if not (isinstance(error, UpstreamError) and error.retryable and error.upstream_status in WAITING_HELPS):
            return None
        asked = error.retry_after
        full = ModelUnavailable(
            error.detail, retry_after=self._policy.default_retry_after_s if asked is None else asked
        )
        full.attempts = error.attempts
        return full


def _report(state: RetryCallState, model: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning(
        "upstream_retry",
        model=model,
        attempt=state.attempt_number,
        upstream_status=error.upstream_status if isinstance(error, UpstreamError) else None,
        wait_s=round(state.upcoming_sleep or 0.0, 3),
    )
