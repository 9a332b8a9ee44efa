"""A child that is kept alive: started again when it dies, with a growing pause while it keeps dying."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import structlog

from backend.services.embedded import StartError

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0
"""A child that has lived this long starts with the first pause again."""

log = structlog.get_logger()


class Running(Protocol):
    """A started process."""

    @property
    def pid(self) -> int: ...

    async def wait(self) -> int: ...

    async def stop(self, grace_s: float) -> int: ...


Process = TypeVar("Process", bound=Running)


class Supervised(Generic[Process]):
    """start: starts the child and returns when it works; raises StartError.

    on_exit: called with the pid of every child that has ended by itself.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Awaitable[Process]],
        *,
        on_exit: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self.name = name
        self._start = start
        self._on_exit = on_exit
        self._running: Process | None = None

    @property
    def running(self) -> Process:
        """The process of now. RuntimeError where there is none."""
        if self._running is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._running

    async def start(self) -> None:
        self._running = await self._start()

    async def keep(self) -> None:
        """Restarts the child whenever it ends, until cancelled."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while True:
            started = loop.time()
            await self._until_exit()
            if loop.time() - started > STEADY_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            await self._restart()

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, then SIGKILL after grace_s seconds, at once if cancelled. Not started: nothing to do."""
        if self._running is not None and await self._running.stop(grace_s) == -signal.SIGKILL:
            log.warning("child_killed", child=self.name, grace_s=grace_s)

    async def _until_exit(self) -> None:
        if self._running is None:  # the last restart failed
            return
        pid = self._running.pid
        code = await self._running.wait()
        self._running = None
        log.error("child_exited", child=self.name, pid=pid, code=code)
        self._on_exit(pid)

    async def _restart(self) -> None:
        try:
            await self.start()
        except StartError as error:
            log.error("child_restart_failed", child=self.name, reason=str(error))  # noqa: TRY400 - no bug, no traceback
        else:
            log.info("child_restarted", child=self.name, pid=self.running.pid)
