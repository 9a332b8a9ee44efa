"""The process: listens on 127.0.0.1, says where, and ends at once and quietly on SIGTERM or SIGINT."""

import asyncio
import os
import signal
from pathlib import Path

import orjson
import uvloop

from backend.domain.models import ModelCatalogue
from backend.simulator.application import Application
from backend.simulator.connection import Connection
from backend.simulator.options import Options, parse_arguments

HOST = "127.0.0.1"
BACKLOG = 1_024


def write_ready_file(path: Path, port: int) -> None:
    """JSON {"port", "pid"}; a reader sees all of it or nothing."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(orjson.dumps({"port": port, "pid": os.getpid()}))
    partial.replace(path)


async def serve(options: Options, stop: asyncio.Event) -> None:
    """Answers until stop is set."""
    loop = asyncio.get_running_loop()
    application = Application(options, ModelCatalogue())
    connections: set[Connection] = set()
    server = await loop.create_server(
        lambda: Connection(application.respond, connections, options.max_body), HOST, options.port, backlog=BACKLOG
    )
    if options.ready_file is not None:
        write_ready_file(options.ready_file, server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
    await asyncio.gather(*(connection.close() for connection in tuple(connections)))
    await server.wait_closed()


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(options, stop)


def main() -> None:
    uvloop.run(_run(parse_arguments()))
