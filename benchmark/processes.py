"""Processes that the benchmark starts: their output, their readiness, their end, and what they consumed."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmark.errors import BenchmarkError

START_S = 120.0
STOP_S = 60.0
POLL_S = 0.01
LAST_CHARACTERS = 2_000
OWN_SETTINGS = ("AETHER_", "MONGO_", "REDIS_", "GROQ_", "SMTP_", "OIDC_")
"""Prefixes of what must not reach a server under test from the shell that runs the benchmark."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. pss: shared pages are divided among the processes that share them; rss: they count in each."""

    pss: int
    rss: int


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours without settings of Aether, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    return {**inherited, **settings}


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of the processes, all threads, without their children; a tick of the clock is 10 ms."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(time.user + time.system for time in times)


def memory(pids: Iterable[int]) -> list[Memory]:
    full = [psutil.Process(pid).memory_full_info() for pid in pids]
    return [Memory(info.pss, info.rss) for info in full]


@dataclass(slots=True)
class Started:
    """A process and the file with what it says."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    async def until(self, ready: Callable[[], bool], within_s: float = START_S) -> None:
        """Raises BenchmarkError with its last words where it ends or is not ready in time."""
        end = time.monotonic() + within_s
        while not ready():
            if self.process.returncode is not None:
                raise BenchmarkError(f"{self.name} ended as it started: {self.output[-LAST_CHARACTERS:]}")
            if time.monotonic() > end:
                raise BenchmarkError(
                    f"{self.name} was not ready within {within_s:.0f} s: {self.output[-LAST_CHARACTERS:]}"
                )
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def started(
    name: str, command: Sequence[str], *, folder: Path, cwd: Path, environment: Mapping[str, str]
) -> AsyncIterator[Started]:
    """The process in a group of its own; it has ended, and what it left of its group too, when the block is left.

    folder: where its output goes. Raises OSError where the program cannot be run.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env=environment, stdout=output, stderr=asyncio.subprocess.STDOUT, start_new_session=True
        )
    try:
        yield Started(name, process, log)
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Asks it to stop; what is left of it after STOP_S is killed, with all of its descendants."""
    with suppress(ProcessLookupError):
        descendants = descendants_of(process.pid)
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        for child in descendants:
            with suppress(psutil.Error):
                child.kill()


def descendants_of(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def stop_signal_ends_quietly() -> None:
    """SIGTERM ends the benchmark as Ctrl-C does: what it started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
