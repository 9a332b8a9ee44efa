"""What a launcher that was killed has left running: the next start ends it before it starts anew."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import psutil
import structlog

from backend.services.embedded import recorded_processes

WORKER_PREFIX = "worker-"
WORKER_GRACE_S = 5.0
SERVER_GRACE_S = 30.0
KILL_WAIT_S = 10.0
POLL_S = 0.05

log = structlog.get_logger()


async def end_orphans(run_dir: Path) -> None:
    """Workers first, so that what they still have to write finds its database; then the servers, cleanly."""
    found = recorded_processes(run_dir)
    if not found:
        return
    log.warning("orphans_found", processes={record.name: record.pid for record, _ in found})
    await _end((process for record, process in found if record.name.startswith(WORKER_PREFIX)), WORKER_GRACE_S)
    await _end((process for record, process in found if not record.name.startswith(WORKER_PREFIX)), SERVER_GRACE_S)
    recorded_processes(run_dir)  # removes the records of those that have ended


async def _end(orphans: Iterable[psutil.Process], grace_s: float) -> None:
    processes = [process for process in orphans if _alive(process)]
    for process in processes:
        process.terminate()
    for process in await _still_alive(processes, grace_s):
        process.kill()
    await _still_alive(processes, KILL_WAIT_S)


async def _still_alive(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Waits until none is alive, at most within_s seconds."""
    deadline = asyncio.get_running_loop().time() + within_s
    while alive := [process for process in processes if _alive(process)]:
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(POLL_S)
    return alive


def _alive(process: psutil.Process) -> bool:
    """A zombie is none: in a container nobody may ever collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
