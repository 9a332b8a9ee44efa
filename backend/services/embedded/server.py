"""What starting mongod and starting Valkey have in common."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
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

    async def stop(self, grace_s: float = STOP_GRACE_S) -> int:
        """Clean shutdown; after grace_s seconds the process is killed. Returns the exit code."""
        return await self.child.stop(grace_s)


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
    name: str,
    binaries: Sequence[Path],
    start: Callable[[Path, int], Awaitable[EmbeddedServer]],
    port: int,
    last: int = 0,
) -> EmbeddedServer:
    """Starts the first binary that runs on this machine.

    port: the one to use, 0 for a free one, the `last` one if possible. Raises StartError.
    """
    reasons = [] if binaries else [f"no {name} on PATH, and no package carries one for this platform: install it."]
    for binary in binaries:
        try:
            return await _start_on_port(partial(start, binary), port, last)
        except BinaryDoesNotRunError as error:
            reasons.append(str(error))
    raise BinaryDoesNotRunError("\n".join(reasons))


async def _start_on_port(start: Callable[[int], Awaitable[EmbeddedServer]], port: int, last: int) -> EmbeddedServer:
    if port:
        if free_port(port) != port:  # else the ping would reach somebody else's server
            raise PortTakenError(f"port {port} on {HOST} is taken by another process")
        return await start(port)
    for _ in range(PORT_ATTEMPTS):
        with suppress(PortTakenError):  # in the moment between its choice and its use
            return await start(free_port(last))
    raise PortTakenError(f"{PORT_ATTEMPTS} free ports on {HOST} were taken before they could be used")


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
