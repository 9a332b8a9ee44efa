"""No server of the tests outlives pytest, however pytest ends."""

import asyncio
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
print(servers.folder, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_servers_end_with_a_killed_test_run_and_leave_nothing(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=CHECKOUT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().decode().strip())
        assert (folder / "valkey").is_dir()
        started = psutil.Process(run.pid).children(recursive=True)
        assert any("valkey" in process.name() for process in started)
        run.send_signal(number)
    asyncio.run(eventually(lambda: not any(map(_runs, started)) and not folder.exists(), 10))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
