"""The log files of the embedded servers stay small: two of LIMIT_BYTES for each server."""

import asyncio
import os
import shutil
from pathlib import Path

import structlog

LIMIT_BYTES = 10 * 1024 * 1024
CHECK_S = 60.0

log = structlog.get_logger()


def trim_logs(folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
    """Moves the content of a file past the limit to NAME.1.

    The servers keep their file open for appending, so it is copied and emptied instead of renamed.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > limit_bytes:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)


async def keep_logs_small(folder: Path) -> None:
    """Runs until cancelled."""
    while True:
        try:
            await asyncio.to_thread(trim_logs, folder)
        except OSError as error:  # a full disk, say: no reason to end the server
            log.warning("log_files_not_trimmed", reason=error.strerror)
        await asyncio.sleep(CHECK_S)
