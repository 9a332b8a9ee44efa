"""An owner for work that outlives the request that started it."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from backend.errors import AetherError

T = TypeVar("T")
LAST_WORDS_S = 3.0
"""What tasks that were cancelled may take for the tasks that they start as they end."""

CANCEL_AGAIN_S = 1.0
"""Longer than what ends needs to clean up, which a second cancellation would break off."""

log = structlog.get_logger()


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancels the tasks until they have ended: Python 3.11's wait_for, which libraries use, may lose a cancellation."""
    running = {task for task in tasks if task and not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


class TaskOwner:
    """Holds every task that it starts until the task ends; what a task raises is logged, never lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, AetherError):
            log.warning("background_task_refused", code=error.code)
        else:
            log.error("background_task_failed", exc_info=error)  # not its words: they may be a user's

    async def wait(self, timeout_s: float) -> None:
        """Waits until there are no tasks, those started meanwhile included, for timeout_s at most."""
        give_up = time.monotonic() + timeout_s
        while self._tasks and (left_s := give_up - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left_s)

    async def close(self, timeout_s: float) -> None:
        """Waits for the tasks; those that are not done after timeout_s are cancelled and awaited.

        What they start as they end (a turn to close) is not cancelled with them.
        """
        await self.wait(timeout_s)
        late = tuple(self._tasks)
        await end(*late)
        await self.wait(LAST_WORDS_S)
