"""A child process: in a session of its own, recorded in the run directory, stopped with certainty."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from backend.services.embedded.errors import BinaryDoesNotRunError, StartError
from backend.services.embedded.records import forget_process, record_process

POLL_S = 0.03
KILL_WAIT_S = 10.0
CHECKOUT = Path(__file__).resolve().parents[3]


class Child:
    """A running child. It belongs to no event loop: whoever holds it may wait for it from any."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], record: Path, log: Path | None, log_start: int
    ) -> None:
        self.name = name
        self._process = process
        self._record = record
        self._log = log
        self._log_start = log_start

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def output(self) -> str:
        """What it has written to its log file since its start."""
        if self._log is None:
            return ""
        with self._log.open("rb") as file:
            file.seek(min(self._log_start, self._log.stat().st_size))
            return file.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """A signal for a child that has ended is no error."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Polls, because SIGCHLD and pidfds belong to one event loop and a child may outlive it."""
        while (code := self.returncode) is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        forget_process(self._record, self.pid)
        return code

    async def stop(self, grace_s: float) -> int:
        """SIGTERM, then SIGKILL after grace_s seconds. Cancelled: SIGKILL at once."""
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            return await self._kill()
        except asyncio.CancelledError:
            await self._kill()
            raise

    async def _kill(self) -> int:
        self.send(signal.SIGKILL)
        async with asyncio.timeout(KILL_WAIT_S):
            return await self.wait()


def spawn(
    name: str,
    argv: Sequence[str | Path],
    *,
    run_dir: Path,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Starts argv with `env` added to our own environment. Its output is appended to `log`, or goes where ours goes.

    The session of its own keeps a Ctrl-C in the terminal from it: it ends when its owner says so.
    Raises BinaryDoesNotRunError where the executable is none of this machine's.
    """
    try:
        log_start = log.stat().st_size if log is not None and log.exists() else 0
        with contextlib.ExitStack() as files:
            output = None if log is None else files.enter_context(open(log, "ab", opener=_private))
            process = _popen(argv, output, {**os.environ, **(env or {})}, pass_fds)
        return Child(name, process, record_process(run_dir, name, process.pid), log, log_start)
    except OSError as error:
        raise StartError(f"{name} cannot be started: {error}.") from error


def _popen(
    argv: Sequence[str | Path], output: IO[bytes] | None, env: Mapping[str, str], pass_fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the caller's own command line, no shell
            [os.fspath(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            cwd=CHECKOUT,
            env=env,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    except OSError as error:
        raise BinaryDoesNotRunError(f"{argv[0]} cannot be executed: {error.strerror}.") from error


def python_module(module: str) -> list[str]:
    """The command line that runs a module of this checkout, which is every child's working directory."""
    return [sys.executable, "-m", module]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
