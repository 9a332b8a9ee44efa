"""A Valkey of one test alone, to be stopped, paused and lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from backend.services.embedded import EmbeddedServer, start_valkey


@asynccontextmanager
async def own_valkey(folder: Path) -> AsyncIterator[EmbeddedServer]:
    server = await start_valkey(folder, memory_mb=64)
    try:
        yield server
    finally:
        await server.stop(5)


@contextmanager
def paused(server: EmbeddedServer) -> Iterator[None]:
    """Connections stay open, nothing is answered."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


class MortalValkey:
    """Killed and started again on the same port and data. It belongs to no event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = asyncio.run(start_valkey(folder, memory_mb=64))

    async def kill(self) -> None:
        """SIGKILL; returns when it has ended."""
        os.kill(self.server.pid, signal.SIGKILL)
        await self.server.wait()

    async def start_again(self) -> None:
        self.server = await start_valkey(self._folder, port=self.server.port, memory_mb=64)

    def stop(self) -> None:
        asyncio.run(self.server.stop(5))
