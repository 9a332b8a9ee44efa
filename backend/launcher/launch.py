"""One run, from the first child's start to the last one's end."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

import structlog
from pydantic import SecretStr

from backend.config import Settings
from backend.launcher.data_lock import exclusive_use
from backend.launcher.listener import listen, local_url
from backend.launcher.log_files import keep_logs_small
from backend.launcher.orphans import end_orphans
from backend.launcher.report import start_report
from backend.launcher.secret_key import stored_secret_key
from backend.launcher.servers import EmbeddedServers
from backend.launcher.signals import StopSignals
from backend.launcher.workers import Workers
from backend.services.embedded import DataLayout
from backend.wiring.preparation import Prepared

SERVER_GRACE_S = 30.0
WORKER_MODULE = "backend.worker"
Prepare = Callable[[Settings], Awaitable[Prepared]]

log = structlog.get_logger()


async def launch(settings: Settings, prepare: Prepare, *, worker_module: str = WORKER_MODULE) -> None:
    """Runs until a signal asks to stop; by then every child has ended. Raises StartError, AetherError.

    prepare: brings the database up to date and makes sure that there is an administrator.
    """
    signals = StopSignals()
    signals.install()
    layout = DataLayout(settings.data_dir).create()
    with exclusive_use(layout):
        await end_orphans(layout.run)
        with listen(settings.host, settings.port) as listener:
            if not settings.secret_key.get_secret_value():
                settings = settings.model_copy(update={"secret_key": stored_secret_key(layout)})
            await _until(signals.stop, _run(settings, prepare, layout, listener, signals, worker_module))
    signals.block()


async def _run(
    settings: Settings,
    prepare: Prepare,
    layout: DataLayout,
    listener: socket.socket,
    signals: StopSignals,
    worker_module: str,
) -> None:
    """Cancelled to stop."""
    async with AsyncExitStack() as stopping:
        servers = EmbeddedServers(settings, layout)
        stopping.push_async_callback(servers.stop, SERVER_GRACE_S)
        resolved = await servers.start()
        prepared = await prepare(resolved)
        if prepared.admin_password:
            # a database in memory is the worker's own: it makes the administrator, with the password shown here
            resolved = resolved.model_copy(update={"admin_password": SecretStr(prepared.admin_password)})
        workers = Workers(resolved, layout, listener, worker_module)
        stopping.push_async_callback(workers.stop, signals.hurry)
        await workers.start()
        url = local_url(listener)
        _print(await start_report(url, resolved, prepared, [server.name for server in servers.all]))
        log.info("started", url=url, workers=resolved.workers, simulated=resolved.simulated)
        async with asyncio.TaskGroup() as keeping:
            for keep in (*(server.keep for server in servers.all), *(worker.keep for worker in workers.all)):
                keeping.create_task(keep())
            keeping.create_task(keep_logs_small(layout.log))


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Runs the work until it ends or stop is set; then it is cancelled, and has the time that it needs."""
    running = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not running.done():
        log.info("stopping")
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    log.info("stopped")


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
