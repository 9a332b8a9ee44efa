"""The embedded Valkey (or Redis) on loopback: caches, limits and running streams, kept under the data directory."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from backend.services.embedded.binaries import valkey_binaries
from backend.services.embedded.layout import DataLayout
from backend.services.embedded.process import spawn
from backend.services.embedded.records import recorded_processes
from backend.services.embedded.server import HOST, EmbeddedServer, await_answer, guarded, start_first

NAME = "valkey"


async def start_valkey(
    data_dir: Path,
    *,
    port: int = 0,
    memory_mb: int = 256,
    binaries: Sequence[Path] | None = None,
    deadline_s: float = 30.0,
) -> EmbeddedServer:
    """Starts Valkey on data_dir/valkey and returns when it answers.

    memory_mb: past it the keys that carry a TTL are evicted, least recently used first.
    Raises StartError, whose message says what to do.
    """
    layout = DataLayout(data_dir).create()
    options = {
        "bind": HOST,
        "dir": str(layout.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # the append-only file is the persistence
        "maxmemory": f"{memory_mb}mb",
        "maxmemory-policy": "volatile-lru",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    start = partial(_start, layout, arguments, deadline_s)
    server = await start_first(
        NAME, valkey_binaries() if binaries is None else binaries, start, port, layout.last_port(NAME)
    )
    layout.remember_port(NAME, server.port)
    return server


async def _start(
    layout: DataLayout, arguments: Sequence[str], deadline_s: float, binary: Path, port: int
) -> EmbeddedServer:
    child = spawn(NAME, [binary, "--port", str(port), *arguments], run_dir=layout.run, log=layout.log_file(NAME))

    async def ready() -> EmbeddedServer:
        version = await await_answer(child, layout.valkey, partial(_ping, port), deadline_s)
        return EmbeddedServer(NAME, _url(port), port, version, layout.valkey, child)

    return await guarded(child, ready())


def running_redis_url(data_dir: Path) -> str | None:
    """The URL of the Valkey that runs on this data directory now, for scripts beside the server."""
    layout = DataLayout(data_dir.absolute())
    running = any(record.name == NAME for record, _ in recorded_processes(layout.run))
    return _url(layout.last_port(NAME)) if running else None


def _url(port: int) -> str:
    return f"redis://{HOST}:{port}/0"


async def _ping(port: int) -> str:
    """The version. A ConnectionError while it still loads its data; two commands need no driver."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(b"PING\r\nINFO server\r\n")
        if await reader.readline() != b"+PONG\r\n":
            raise ConnectionError("still loading")
        size = int((await reader.readline())[1:])
        lines = (await reader.readexactly(size)).decode().splitlines()
    except (ValueError, asyncio.IncompleteReadError) as error:
        raise ConnectionError("no answer to PING and INFO") from error
    finally:
        writer.close()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return fields.get("valkey_version") or fields.get("redis_version", "unknown version")
