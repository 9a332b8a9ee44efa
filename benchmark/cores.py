"""Which core runs what: the server under test has the first one to itself, everything else shares the others."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Cores:
    """server: of the processes under test. rest: of load, upstream and databases."""

    server: frozenset[int]
    rest: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        return self.server | self.rest


def available_cores() -> Cores:
    """Of this process. Raises BenchmarkError where there is only one: load and server would share it."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchmarkError("A benchmark needs two cores: one for the server, one for load, upstream and databases.")
    return Cores(frozenset(cores[:1]), frozenset(cores[1:]))


def pin(pids: Iterable[int], cores: Iterable[int]) -> None:
    """Every thread of the processes. Threads and children that they start later inherit it."""
    allowed = set(cores)
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # a thread that has just ended
                os.sched_setaffinity(int(task.name), allowed)
