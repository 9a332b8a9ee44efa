"""A Valkey of one test alone, to be stopped, paused and lost."""

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
