"""Where workers share their Prometheus metrics: mapped files, in memory where the machine has a place for that.

Not on the disk of the data: once that is full, writing into a mapped file ends the process (SIGBUS).
"""

import os
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (the folder inside is made by mkdtemp)
OWNER = "owner"


def make_metrics_folder(path: Path, memory: Path = SHARED_MEMORY) -> None:
    """An empty folder at the path: a link to one in memory, or a folder of the disk where there is no such memory."""
    remove_metrics_folder(path)
    if not os.access(memory, os.W_OK | os.X_OK):
        path.mkdir(mode=0o700)
        return
    folder = Path(tempfile.mkdtemp(prefix="aether-", dir=memory))
    (folder / OWNER).write_text(str(path))
    path.symlink_to(folder)


def remove_metrics_folder(path: Path) -> None:
    """Of an earlier start too. Where the data directory is a copy, the folder of the original is left alone."""
    if not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    folder = path.readlink()
    path.unlink()
    owner = folder / OWNER
    if owner.is_file() and owner.read_text() == str(path):
        shutil.rmtree(folder, ignore_errors=True)
