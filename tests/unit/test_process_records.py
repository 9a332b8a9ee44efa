"""Records of child processes: an orphan is found, anybody else's process never is."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.launcher.orphans import end_orphans
from backend.services.embedded.records import ProcessRecord, forget_process, record_process, recorded_processes


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_running_process_is_found(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    record_process(tmp_path, "sleeper", sleeper.pid)
    [(record, process)] = recorded_processes(tmp_path)
    assert (record.name, process.pid) == ("sleeper", sleeper.pid)


@pytest.mark.parametrize("change", [{"created": 1.0}, {"executable": "/usr/bin/other"}])
def test_a_reused_pid_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], change: dict[str, float | str]
) -> None:
    path = record_process(tmp_path, "sleeper", sleeper.pid)
    record = ProcessRecord(**json.loads(path.read_text()))
    path.write_text(json.dumps(dataclasses.asdict(record) | change))
    asyncio.run(end_orphans(tmp_path))
    assert sleeper.poll() is None
    assert not path.exists()


def test_an_orphan_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.launcher.orphans.SERVER_GRACE_S", 0.2)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        record_process(tmp_path, "mongod", deaf.pid)
        asyncio.run(end_orphans(tmp_path))
        assert deaf.wait(5) == -9
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"pid": 1}'])
def test_an_unreadable_record_is_removed(tmp_path: Path, content: str) -> None:
    (tmp_path / "mongod.json").write_text(content)
    asyncio.run(end_orphans(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_successor_stays(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    path = record_process(tmp_path, "worker-1", sleeper.pid)
    forget_process(path, os.getpid())
    assert path.exists()
    forget_process(path, sleeper.pid)
    assert not path.exists()
