"""One launcher for each data directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from backend.services.embedded import DataLayout, StartError


@contextmanager
def exclusive_use(layout: DataLayout) -> Iterator[None]:
    """Holds the directory until the block ends. The kernel lets go of it when the process dies, however it dies."""
    path = layout.run / "lock"
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"Aether already runs on the data directory {layout.root}: "
                "stop it first, or set AETHER_DATA_DIR to another folder."
            ) from error
        yield
