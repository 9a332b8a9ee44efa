"""No server of the tests outlives pytest, however pytest ends."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
from tests.servers import Servers
servers = Servers()
servers.redis_url
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_a_killed_test_run(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"started\n"
        started = psutil.Process(run.pid).children(recursive=True)
        assert any("valkey" in process.name() for process in started)
        run.send_signal(number)
    asyncio.run(eventually(lambda: not any(map(_runs, started)), 10))


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
