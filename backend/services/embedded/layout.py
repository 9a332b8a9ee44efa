"""The folders of a data directory. They hold conversations and secrets: nobody else may look into them."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from backend.services.embedded.errors import StartError

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class DataLayout:
    root: Path

    @property
    def mongo(self) -> Path:
        return self.root / "mongo"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def metrics(self) -> Path:
        """Where the workers share their Prometheus metrics; emptied at each start."""
        return self.run / "prometheus"

    def create(self) -> "DataLayout":
        """The same layout with an absolute root, and everything there. Raises StartError where that is not allowed."""
        layout = DataLayout(self.root.absolute())
        for folder in (layout.root, layout.mongo, layout.valkey, layout.run, layout.log):
            try:
                folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            except OSError as error:
                raise StartError(_not_usable(folder, error.strerror or "no such folder")) from error
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise StartError(_not_usable(folder, "no permission to read and write it"))
        return layout

    def log_file(self, name: str) -> Path:
        return self.log / f"{name}.log"

    def last_port(self, name: str) -> int:
        """0 where the server has not run yet."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._port_file(name).read_text())
        return 0

    def remember_port(self, name: str, port: int) -> None:
        self._port_file(name).write_text(str(port))

    def _port_file(self, name: str) -> Path:
        return self.run / f"{name}.port"


def _not_usable(folder: Path, reason: str) -> str:
    return (
        f"the data directory {folder} cannot be used: {reason}. "
        "Give it to the user that starts Aether, or set AETHER_DATA_DIR to another folder."
    )
