"""Work that repeats in the background until its owner closes it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from backend.services.tasks import end

log = structlog.get_logger()


class Periodic:
    """Runs jobs, each with its own pause after every run. start and close belong together."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, pause_s: float, job: Callable[[], Awaitable[object]]) -> None:
        self._tasks.append(asyncio.create_task(self._repeat(name, pause_s, job), name=name))

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        await end(*tasks)

    @staticmethod
    async def _repeat(name: str, pause_s: float, job: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await job()
            except Exception:
                log.exception("monitor_job_failed", job=name)
            await asyncio.sleep(pause_s)
