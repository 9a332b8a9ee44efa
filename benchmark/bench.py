"""What scenarios are given: it starts what they ask for on the right cores, and says how long to measure."""

import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.aether import Aether, run_aether
from benchmark.cores import Cores, available_cores, pin
from benchmark.processes import Started, clean_environment, descendants_of, started
from benchmark.simulator import CHECKOUT, Simulator, SimulatorOptions, run_simulator

FAST = SimulatorOptions(fast=True)


def free_port() -> int:
    """On loopback, free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Bench:
    """runs: how often each figure is measured. seconds: how long each time. folder: temporary, of this run alone."""

    folder: Path
    runs: int = 5
    seconds: float = 8.0
    cores: Cores = field(default_factory=available_cores)
    versions: dict[str, str] = field(default_factory=dict)
    """Of other contenders, noted by the scenarios that start them."""

    def say(self, text: str) -> None:
        """Progress, for the person who waits."""
        sys.stderr.write(f"  {text}\n")
        sys.stderr.flush()

    @asynccontextmanager
    async def simulator(self, options: SimulatorOptions = FAST) -> AsyncIterator[Simulator]:
        """On the cores of the rest."""
        async with run_simulator(options, self.temporary("simulator")) as simulator:
            pin([simulator.process.pid], self.cores.rest)
            yield simulator

    @asynccontextmanager
    async def aether(
        self,
        workers: int = 1,
        simulator: SimulatorOptions | Simulator | None = FAST,
        *,
        pinned: bool = True,
        worker_cores: Iterable[int] | None = None,
        data_dir: Path | None = None,
        **environment: str,
    ) -> AsyncIterator[Aether]:
        """Aether and its upstream, ready and empty.

        simulator: what to start as its upstream, or one that runs; None leaves it to Aether's launcher. pinned False:
        the kernel chooses cores. worker_cores: of the workers, else the server's. data_dir: keeps data for a second
        start. environment: further settings. Raises BenchmarkError.
        """
        folder = self.temporary("aether")
        async with AsyncExitStack() as stack:
            if isinstance(simulator, SimulatorOptions):
                simulator = await stack.enter_async_context(self.simulator(simulator))
            upstream = simulator.url if simulator else None
            with self._starting_on(self.cores.all):
                running = run_aether(folder, data_dir or folder / "data", upstream, environment, workers)
                aether = await stack.enter_async_context(running)
            if simulator:
                aether.pids["simulator"] = simulator.process.pid
            if pinned:
                pin(aether.workers, worker_cores or self.cores.server)
                pin([aether.launcher.pid, *aether.pids.values()], self.cores.rest)
            yield aether

    def temporary(self, name: str) -> Path:
        """A folder that goes with this run."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    @asynccontextmanager
    async def contender(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> AsyncIterator[Started]:
        """Another server, on the server's core from its start: what counts cores finds one."""
        running = started(name, command, folder=folder, cwd=CHECKOUT, environment=clean_environment(environment))
        async with AsyncExitStack() as stack:
            with self._starting_on(self.cores.server):
                process = await stack.enter_async_context(running)
            yield process

    def settle(self, contender: Started) -> list[int]:
        """Binds what it has started since to the server's core too. Returns the ids of all its processes."""
        pids = [contender.pid, *(child.pid for child in descendants_of(contender.pid))]
        pin(pids, self.cores.server)
        return pids

    @contextmanager
    def _starting_on(self, cores: frozenset[int]) -> Iterator[None]:
        """Where processes begin that are started now."""
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.cores.rest)
