"""supervisord.conf as it is shipped: supervisord starts Aether, replaces what is killed, and stops all of it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.launching import CHECKOUT, end_all, processes_of
from tests.support.waiting import eventually

START_S = 60.0


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Path]:
    """A folder like the checkout, so that pid file, socket and data are this test's own."""
    for name in ("backend", ".venv"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    shutil.copy(CHECKOUT / "supervisord.conf", tmp_path)
    yield tmp_path
    end_all(tmp_path / "data")


async def test_supervisord_keeps_aether_running(installation: Path) -> None:
    data = installation / "data"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api/health/ready"
    settings = {"AETHER_PORT": str(port), "AETHER_DATA_DIR": str(data), "AETHER_WORKERS": "2"}
    supervisord = _supervisord(installation, settings)
    try:
        await eventually(lambda: _answers(url), START_S)

        worker = _of(data, "backend.worker")[0]
        worker.kill()
        await eventually(lambda: len(_of(data, "backend.worker")) == 2 and not worker.is_running() and _answers(url))

        [launcher] = _of(data, "backend")
        orphans = [process for process in processes_of(data) if process.pid not in (launcher.pid, supervisord.pid)]
        launcher.kill()
        await eventually(lambda: not any(orphan.is_running() for orphan in orphans) and _answers(url), START_S)
    finally:
        supervisord.send_signal(signal.SIGTERM)
        supervisord.wait(START_S)
    assert processes_of(data) == [], (installation / "output.txt").read_text()


def _supervisord(installation: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    with (installation / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", installation / "supervisord.conf"],
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _of(data: Path, module: str) -> list[psutil.Process]:
    """The processes that run `python -m module`."""
    return [process for process in processes_of(data) if ["-m", module] == process.cmdline()[1:3]]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
