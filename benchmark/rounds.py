"""Contenders in turn, again and again: what disturbs the machine meanwhile meets all of them alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.bench import Bench
from benchmark.load import Load, Requests, offer
from benchmark.processes import cpu_seconds

WARM_UP_S = 3.0


@dataclass(frozen=True, slots=True)
class Contender:
    """pids: the processes whose CPU time counts."""

    name: str
    requests: Requests
    pids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Round:
    """One contender's load and the CPU time that its processes took for it, in seconds."""

    load: Load
    cpu_s: float

    @property
    def clean(self) -> bool:
        """Everything that was asked was answered: only then it is a figure."""
        return self.load.answers > 0 and self.load.errors == 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.load.rate

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU time an answer."""
        return self.cpu_s / self.load.answers * 1e6

    def __str__(self) -> str:
        load = self.load
        if not self.clean:
            return f"{load.answers} answers, {load.refusals} refusals, {load.broken} broken connections"
        times = f"p50 {load.p50_s * 1e3:.2f} ms, p99 {load.p99_s * 1e3:.2f} ms"
        return f"{self.rate:,.0f}/s, {self.cpu_us:,.0f} us of CPU, {times}"


Rounds = dict[str, list[Round]]
"""By contender's name, of each as many as turns; those with errors too."""


async def measure_rounds(bench: Bench, contenders: Sequence[Contender], connections: int) -> Rounds:
    """bench.runs turns of bench.seconds for each, after a warm-up that does not count. Raises BenchmarkError."""
    for contender in contenders:
        await one_round(contender, connections, WARM_UP_S)
    found: Rounds = {contender.name: [] for contender in contenders}
    for number in range(bench.runs):
        for contender in contenders:
            one = await one_round(contender, connections, bench.seconds)
            found[contender.name].append(one)
            bench.say(f"{number + 1}/{bench.runs} {contender.name}: {one}")
    return found


async def one_round(contender: Contender, connections: int, seconds: float) -> Round:
    """Raises BenchmarkError where the load itself fails."""
    before = cpu_seconds(contender.pids)
    load = await offer(contender.requests, connections, seconds)
    return Round(load, cpu_seconds(contender.pids) - before)
