"""What the benchmark starts: it is awaited, measured, bound to a core, and it ends with its children."""

import os
import sys
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psutil
import pytest

from benchmark.cores import pin
from benchmark.errors import BenchmarkError
from benchmark.processes import Started, clean_environment, cpu_seconds, descendants_of, memory, started

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print("ready", flush=True)
time.sleep(600)
"""


def start(folder: Path, program: str) -> AbstractAsyncContextManager[Started]:
    command = [sys.executable, "-S", "-c", program]
    return started("program", command, folder=folder, cwd=folder, environment=clean_environment({}))


async def test_a_process_ends_with_its_children(tmp_path: Path) -> None:
    async with start(tmp_path, PARENT) as running:
        await running.until(lambda: "ready" in running.output)
        both = [psutil.Process(running.pid), *descendants_of(running.pid)]
        assert len(both) == 2
        cores = os.sched_getaffinity(running.pid)
        pin([running.pid], [min(cores)])
        assert os.sched_getaffinity(running.pid) == {min(cores)}
        assert cpu_seconds([running.pid]) >= 0
        assert all(0 < one.pss <= one.rss for one in memory([running.pid]))
    _, alive = psutil.wait_procs(both, timeout=10)
    assert not alive


async def test_a_process_that_ends_early_says_its_last_words(tmp_path: Path) -> None:
    async with start(tmp_path, "print('no such setting')") as running:
        with pytest.raises(BenchmarkError, match="no such setting"):
            await running.until(lambda: False)


async def test_waiting_for_a_process_has_an_end(tmp_path: Path) -> None:
    async with start(tmp_path, PARENT) as running:
        begun = time.monotonic()
        with pytest.raises(BenchmarkError, match="was not ready"):
            await running.until(lambda: False, within_s=0.05)
        assert time.monotonic() - begun >= 0.05


def test_settings_of_the_shell_do_not_reach_what_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_LIMIT_CHAT", "1/minute")
    monkeypatch.setenv("GROQ_API_KEY", "a key that costs money")
    environment = clean_environment({"AETHER_PORT": "0"})
    assert environment["AETHER_PORT"] == "0"
    assert not {"AETHER_LIMIT_CHAT", "GROQ_API_KEY"} & set(environment)
    assert environment["PATH"] == os.environ["PATH"]
