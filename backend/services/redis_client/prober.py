"""Finds out when Redis answers in time again, so that no user's request has to."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from backend.services.redis_client.deadline import deadline
from backend.services.tasks import end

PAUSE_S = 0.1
PROBES_PER_CONNECTION = 3


class Prober:
    """The breaker's other half: from the first failure until a probe is answered in time, nobody else asks Redis.

    probe: one command. reset: drops a connection that stays silent. healed: told when it is over.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[object]],
        *,
        timeout_s: float,
        reset: Callable[[], None],
        healed: Callable[[], None],
    ) -> None:
        self._probe = probe
        self._timeout_s = timeout_s
        self._reset = reset
        self._healed = healed
        self._task: asyncio.Task[None] | None = None

    @property
    def probing(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        await end(self._task)

    async def _serve(self) -> None:
        failures = 0
        while not await self._answers():
            failures += 1
            if failures % PROBES_PER_CONNECTION == 0:
                self._reset()
            await asyncio.sleep(PAUSE_S * random.uniform(1, 2))  # noqa: S311 (spreads workers, no secret)
        self._task = None
        self._healed()

    async def _answers(self) -> bool:
        try:
            async with deadline(self._timeout_s):
                await self._probe()
        except (RedisError, OSError, TimeoutError):
            return False
        return True
