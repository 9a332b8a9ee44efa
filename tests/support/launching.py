"""A launcher as a person starts it: a process of its own, on a data directory of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 60.0
STANDIN = (sys.executable, "-m", "tests.support.standin")
REAL = (sys.executable, "-m", "backend")


class Launched:
    """Aether on folder/data. command: the program; STANDIN has real servers and a small application."""

    def __init__(self, folder: Path, command: Sequence[str] = STANDIN, **settings: str) -> None:
        self.data = folder / "data"
        self._log = folder / "output.txt"
        folder.mkdir(exist_ok=True)
        environment = {"AETHER_DATA_DIR": str(self.data), "AETHER_PORT": "0", **settings}
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's foreground group of its own
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> str:
        """The URL that the start report shows."""
        await eventually(lambda: self._report() is not None or self._process.poll() is not None, START_S)
        report = self._report()
        assert report is not None, self.output
        return report[1]

    def _report(self) -> re.Match[str] | None:
        return re.search(r"Aether runs at (http://\S+)\n(?:.*\n)*Ctrl-C stops it", self.output)

    def children(self) -> dict[str, int]:
        """Process ids by name, of those that have a record."""
        found = {}
        for path in (self.data / "run").glob("*.json"):
            with suppress(FileNotFoundError):  # it is just being replaced
                record = json.loads(path.read_text())
                found[record["name"]] = record["pid"]
        return found

    def signal_group(self, number: signal.Signals) -> None:
        """What a terminal does at Ctrl-C: every process of the foreground group receives it."""
        os.killpg(self.pid, number)

    async def ended(self, within_s: float = START_S) -> int:
        """The exit code."""
        await eventually(lambda: self._process.poll() is not None, within_s)
        return self._process.returncode

    async def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    def kill(self) -> None:
        """kill -9 of the launcher alone."""
        self._process.kill()
        self._process.wait()


class Launches:
    """The launchers of one test; end() leaves nothing of them, whatever the test did."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launched: list[Launched] = []

    def __call__(self, command: Sequence[str] = STANDIN, *, folder: str = "", **settings: str) -> Launched:
        """folder: below the test's own; its folder `data` is the data directory unless the settings name another."""
        self._launched.append(Launched(self._folder / folder, command, **settings))
        return self._launched[-1]

    def end(self) -> None:
        for launched in self._launched:
            launched.kill()
            end_all(launched.data)


def processes_of(data: Path) -> list[psutil.Process]:
    """Every process, launcher or child, that runs for this data directory."""
    return [process for process in psutil.process_iter() if _runs_for(process, data)]


def end_all(data: Path) -> None:
    for process in processes_of(data):
        process.kill()


def _runs_for(process: psutil.Process, data: Path) -> bool:
    """By its environment, or, since Valkey writes its title over that, by the folder in which it works."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get("AETHER_DATA_DIR") == str(data) or Path(process.cwd()).is_relative_to(data)
    except psutil.Error:
        return False
