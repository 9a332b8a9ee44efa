"""The machine on which figures were measured, and what ran there."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmark.simulator import CHECKOUT

GIT_S = 10
PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "motor", "pymongo", "aiohttp", "orjson")


@dataclass(frozen=True, slots=True)
class Machine:
    """memory: GiB."""

    cpu: str
    cores: int
    memory: float
    kernel: str
    python: str


def describe_machine() -> Machine:
    total = psutil.virtual_memory().total / 2**30
    return Machine(cpu_model(), os.cpu_count() or 1, round(total, 1), platform.release(), platform.python_version())


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def own_versions() -> dict[str, str]:
    """Of the packages that a request meets."""
    return {name: version(name) for name in PACKAGES}


def commit() -> str:
    """The last that changed more than documents, with a plus where files were changed since; "unknown" without git."""
    try:
        revision = _git("log", "-1", "--format=%h", "--", ".", ":!docs")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{revision}+" if changed else revision


def load_average() -> float:
    """Of the last minute."""
    return round(os.getloadavg()[0], 1)


def _git(*arguments: str) -> str:
    finished = subprocess.run(  # noqa: S603
        ("git", *arguments),  # noqa: S607
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=GIT_S,
        check=True,
    )
    return finished.stdout.strip()
