"""Installs peers under .bench, which git ignores: each in an environment of its own, once for each pinned version."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import Unavailable
from benchmark.simulator import CHECKOUT

FOLDER = CHECKOUT / ".bench"
INSTALL_S = 900.0
LAST_CHARACTERS = 500


async def python_environment(name: str, requirement: str) -> Path:
    """The bin folder of a virtual environment with this package. Raises Unavailable where it cannot be installed."""
    folder = FOLDER / name
    if not _installed(folder, requirement):
        await _install(
            name,
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", requirement],
        )
        _remember(folder, requirement)
    return folder / "bin"


async def node_package(name: str, package: str) -> tuple[str, Path]:
    """The program node, and the folder node_modules with this package. Raises Unavailable."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable(f"{name} needs node and npm on PATH")
    folder = FOLDER / name
    if not _installed(folder, package):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        await _install(name, [npm, "install", f"--prefix={folder}", *flags, package])
        _remember(folder, package)
    return node, folder / "node_modules"


def _installed(folder: Path, what: str) -> bool:
    path = folder / "installed"
    return path.is_file() and path.read_text() == what


def _remember(folder: Path, what: str) -> None:
    (folder / "installed").write_text(what)


async def _install(name: str, *commands: Sequence[str]) -> None:
    sys.stderr.write(f"  installing {name} into {FOLDER / name} ...\n")
    for command in commands:
        try:
            await asyncio.to_thread(
                subprocess.run,
                command,
                check=True,
                timeout=INSTALL_S,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"{name} cannot be installed: {error.output[-LAST_CHARACTERS:]}") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{name} was not installed within {INSTALL_S:.0f} s") from error
