"""What starting mongod and starting Valkey have in common."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.services.embedded.errors import BinaryDoesNotRunError, PortTakenError, StartError, explain
from backend.services.embedded.process import Child

HOST = "127.0.0.1"
PORT_ATTEMPTS = 5
PING_PAUSE_S = 0.02
STOP_GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that answers. url may carry a password and is therefore not shown."""

    name: str
    url: str = field(repr=False)
    port: int
    version: str
    data: Path
    child: Child

    @property
    def pid(self) -> int:
        return self.child.pid

    async def wait(self) -> int:
        """Returns the exit code when the process has ended."""
        return await self.child.wait()

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Clean shutdown; after grace_s seconds the process is killed."""
        await self.child.stop(grace_s)


def free_port(preferred: int = 0) -> int:
    """A free TCP port on loopback, the preferred one if possible. Another process may still be quicker to use it."""
    for port in dict.fromkeys((preferred, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise StartError("no free TCP port on 127.0.0.1")


async def await_answer(child: Child, data: Path, ping: Callable[[], Awaitable[str]], deadline_s: float) -> str:
    """Pings until it answers (with its version). Raises StartError when the child ends or the deadline passes.

    ping raises OSError or TimeoutError while the server does not answer yet.
    """
    try:
        async with asyncio.timeout(deadline_s):
            while child.returncode is None:
                try:
                    return await ping()
                except OSError:  # TimeoutError is one of them
                    await asyncio.sleep(PING_PAUSE_S)
    except TimeoutError:
        raise StartError(f"{child.name} did not answer within {deadline_s:.0f} s; see its log.") from None
    raise explain(child.name, data, child.output(), child.returncode)


async def start_first(
    name: str, binaries: Sequence[Path], start: Callable[[Path, int], Awaitable[EmbeddedServer]], port: int
) -> EmbeddedServer:
    """Starts the first binary that runs on this machine.

    A port that was taken in the moment between its choice and its use is replaced by another.
    """
    reasons = [] if binaries else [f"no {name} on PATH, and no package carries one for this platform."]
    for binary in binaries:
        try:
            return await _start_on_free_port(binary, start, port)
        except BinaryDoesNotRunError as error:
            reasons.append(str(error))
    raise BinaryDoesNotRunError("\n".join(reasons))


async def _start_on_free_port(
    binary: Path, start: Callable[[Path, int], Awaitable[EmbeddedServer]], port: int
) -> EmbeddedServer:
    for _ in range(PORT_ATTEMPTS - 1):
        try:
            return await start(binary, free_port(port))
        except PortTakenError:
            continue
    return await start(binary, free_port())


async def guarded(child: Child, ready: Awaitable[EmbeddedServer]) -> EmbeddedServer:
    """Awaits `ready`; whatever ends the wait early (an error, a cancellation) ends the child too."""
    complete = False
    try:
        server = await ready
        complete = True
        return server
    finally:
        if not complete:
            await asyncio.shield(child.stop(STOP_GRACE_S))
