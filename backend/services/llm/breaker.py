"""A circuit breaker for each model: a model that keeps failing is left alone for a while, then probed by one call."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from backend.errors import DeadlineExceeded, UpstreamError
from backend.services.llm.failures import CircuitOpen
from backend.services.llm.provider import ChatRequest, Chunk, Completion, Provider

log = structlog.get_logger()
RATE_LIMITED = 429
TIMER_SLACK_S = 0.05
"""An event loop's timer may fire this much before the clock reaches its instant."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """threshold: failures in a row that open the circuit. Seconds: it stays open for open_s, doubled by every failed
    probe up to longest_s. A time-out counts as a failure only where the call had at least fair_wait_s."""

    threshold: int = 5
    open_s: float = 5.0
    longest_s: float = 60.0
    fair_wait_s: float = 10.0


@dataclass(slots=True)
class Circuit:
    """One model. open_until: instant of the clock, 0 while closed; past it one call at a time may probe."""

    failures: int = 0
    open_until: float = 0.0
    opened_for: float = 0.0
    probing: bool = False

    def heal(self) -> None:
        self.failures, self.open_until, self.opened_for, self.probing = 0, 0.0, 0.0, False


@dataclass(slots=True)
class _Attempt:
    model: str
    circuit: Circuit
    deadline: float
    started: float
    probe: bool = field(default=False)


class Breaker:
    """A provider around a provider. Raises CircuitOpen with retry_after, at once, while a circuit is open."""

    def __init__(
        self, inner: Provider, policy: BreakerPolicy | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = inner.name
        self._inner = inner
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._circuits: dict[str, Circuit] = {}

    def open_models(self) -> dict[str, float]:
        """Models whose circuit is open, with the seconds until the next probe (0: it may come now)."""
        now = self._clock()
        return {
            model: max(0.0, circuit.open_until - now) for model, circuit in self._circuits.items() if circuit.open_until
        }

    async def complete(self, request: ChatRequest) -> Completion:
        attempt = self._admit(request)
        try:
            completion = await self._inner.complete(request)
        except BaseException as error:
            self._judge(attempt, error)
            raise
        attempt.circuit.heal()
        return completion

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        attempt = self._admit(request)
        try:
            async with aclosing(self._inner.stream(request)) as chunks:
                async for chunk in chunks:
                    if attempt.probe and (chunk.content or chunk.reasoning):
                        attempt.circuit.heal()  # others need not wait until a long answer has ended
                        attempt.probe = False
                    yield chunk
        except BaseException as error:
            self._judge(attempt, error)
            raise
        attempt.circuit.heal()

    async def models(self, timeout_s: float) -> list[str]:
        return await self._inner.models(timeout_s)

    async def close(self) -> None:
        await self._inner.close()

    def _admit(self, request: ChatRequest) -> _Attempt:
        circuit, now = self._circuits.setdefault(request.model, Circuit()), self._clock()
        attempt = _Attempt(request.model, circuit, request.deadline, now)
        if circuit.open_until:
            if circuit.probing or now < circuit.open_until:
                retry_after = max(1.0, circuit.open_until - now)
                raise CircuitOpen("The model keeps failing and is left alone.", retry_after=retry_after)
            circuit.probing = attempt.probe = True
        return attempt

    def _judge(self, attempt: _Attempt, error: BaseException) -> None:
        if self._is_failure(attempt, error):
            self._fail(attempt)
        elif attempt.probe:
            if isinstance(error, UpstreamError):
                attempt.circuit.heal()  # it refused this request, so it is there
            else:
                attempt.circuit.probing = False  # no verdict: the next call probes

    def _is_failure(self, attempt: _Attempt, error: BaseException) -> bool:
        """Not the caller's fault, not a rate limit, and not a deadline too short for a fair answer."""
        if isinstance(error, UpstreamError):
            return error.retryable and error.upstream_status != RATE_LIMITED
        now = self._clock()
        timed_out = isinstance(error, DeadlineExceeded) or (
            isinstance(error, asyncio.CancelledError) and now >= attempt.deadline - TIMER_SLACK_S
        )
        return timed_out and now - attempt.started >= self._policy.fair_wait_s

    def _fail(self, attempt: _Attempt) -> None:
        circuit = attempt.circuit
        circuit.failures += 1
        if circuit.open_until and not attempt.probe:
            return  # it began before the circuit opened and tells nothing new
        if not attempt.probe and circuit.failures < self._policy.threshold:
            return
        circuit.opened_for = min(circuit.opened_for * 2 or self._policy.open_s, self._policy.longest_s)
        circuit.open_until = self._clock() + circuit.opened_for
        circuit.probing = False
        log.warning("model_circuit_open", model=attempt.model, seconds=circuit.opened_for, failures=circuit.failures)
