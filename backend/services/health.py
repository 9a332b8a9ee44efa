"""Health: what Aether depends on, asked for real, all at once, each within a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from backend.domain.doc import Doc
from backend.errors import AetherError, DatabaseUnavailable, Overloaded
from backend.services.redis_client import RedisUnavailable

Status = Literal["ok", "degraded", "down"]
DEADLINE_S = 2.0
REQUIRED = frozenset({"mongo"})
"""Without these nothing is answered; without the others answers are slower, or come from caches only."""

Probe = Callable[[], Awaitable[str]]
"""Asks one dependency; returns a detail for people. Raises an AetherError or RedisUnavailable."""


@dataclass(frozen=True, slots=True)
class Check:
    """One dependency."""

    status: Annotated[Literal["ok", "down"], Doc("Whether it answered within two seconds")]
    latency_ms: Annotated[float, Doc("Milliseconds until the answer, or until the failure")]
    detail: Annotated[str, Doc("For people")]


@dataclass(frozen=True, slots=True)
class Report:
    status: Annotated[Status, Doc("down: nothing is answered. degraded: answers are slower, or from caches only")]
    checks: Annotated[Mapping[str, Check], Doc("By dependency: mongo, redis, provider")]
    version: Annotated[str, Doc("Of Aether")]
    uptime: Annotated[float, Doc("Of the worker that answers, seconds")]
    simulated: Annotated[bool, Doc("Answers come from the bundled simulator, not from a model")] = False


class Health:
    """probes: by name, of which those in REQUIRED decide between degraded and down. clock: seconds, monotonic."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        version: str,
        simulated: bool = False,
        deadline_s: float = DEADLINE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.draining = False
        self._probes = probes
        self.version = version
        self._simulated = simulated
        self._deadline_s = deadline_s
        self._clock = clock
        self._started_at = clock()
        self._latest: tuple[float, Report] | None = None

    def drain(self) -> None:
        """From now on this worker is not ready: it finishes what it has."""
        self.draining = True

    async def check_ready(self) -> None:
        """Returns where requests should be sent to this worker; raises Overloaded or DatabaseUnavailable else."""
        if self.draining:
            raise Overloaded("This worker is shutting down.", code="draining", retry_after=1)
        required = {name: self._probes[name] for name in REQUIRED & self._probes.keys()}
        if _status_of(await self._run(required)) != "ok":
            raise DatabaseUnavailable("The database does not answer.", retry_after=1)

    async def report(self, max_age_s: float = 0.0) -> Report:
        """max_age_s: an earlier report may be that old; for callers that ask often."""
        if self._latest is None or self._clock() - self._latest[0] >= max_age_s:
            checks = await self._run(self._probes)
            now = self._clock()
            uptime = round(now - self._started_at, 1)
            self._latest = now, Report(_status_of(checks), checks, self.version, uptime, self._simulated)
        return self._latest[1]

    async def _run(self, probes: Mapping[str, Probe]) -> dict[str, Check]:
        answers = await asyncio.gather(*(self._check(probe) for probe in probes.values()))
        return dict(zip(probes, answers, strict=True))

    async def _check(self, probe: Probe) -> Check:
        started = self._clock()
        try:
            async with asyncio.timeout(self._deadline_s):
                detail = await probe()
        except TimeoutError:
            return self._down(started, f"no answer within {self._deadline_s:g} s")
        except AetherError as error:
            return self._down(started, error.detail)
        except RedisUnavailable as error:
            return self._down(started, f"unavailable: {error}")
        return Check("ok", self._since(started), detail)

    def _down(self, started: float, detail: str) -> Check:
        return Check("down", self._since(started), detail)

    def _since(self, started: float) -> float:
        return round((self._clock() - started) * 1000, 2)


def _status_of(checks: Mapping[str, Check]) -> Status:
    down = {name for name, check in checks.items() if check.status == "down"}
    if down & REQUIRED:
        return "down"
    return "degraded" if down else "ok"
