"""Contenders in turn, again and again: what disturbs the machine meanwhile meets all of them alike."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.bench import Bench
from benchmark.load import Load, Requests, offer
from benchmark.processes import cpu_seconds

WARM_UP_S = 3.0
FEW_ANSWERS = 50
"""A connection, in a run: what is cut off at the end of one with fewer would be more than 2% of it."""
IDLE_SHARE, IDLE_S, LONGEST_REST_S = 0.05, 0.5, 20.0


@dataclass(frozen=True, slots=True)
class Contender:
    """pids: the processes whose CPU time counts. beside: what works for it on other cores, by name."""

    name: str
    requests: Requests
    pids: Sequence[int]
    beside: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """One contender's load and the CPU time that its processes took for it, in seconds; beside: that of the others."""

    load: Load
    cpu_s: float
    beside: Mapping[str, float] = field(default_factory=dict)

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

    @property
    def busy(self) -> float:
        """How much of the time its processes ran, in percent of one core."""
        return 100 * self.cpu_s / self.load.seconds

    def beside_us(self, name: str) -> float:
        """Microseconds of CPU time an answer, of what works for it."""
        return self.beside[name] / self.load.answers * 1e6

    def __str__(self) -> str:
        load = self.load
        if not self.clean:
            return f"{load.answers} answers, {load.refusals} refusals, {load.broken} broken connections"
        times = f"p50 {load.p50_s * 1e3:.2f} ms, p99 {load.p99_s * 1e3:.2f} ms"
        return f"{self.rate:,.0f}/s, {self.cpu_us:,.0f} us of CPU ({self.busy:.0f}% of a core), {times}"


Rounds = dict[str, list[Round]]
"""By contender's name, of each as many as turns; those with errors too."""


async def measure_rounds(bench: Bench, contenders: Sequence[Contender], connections: int) -> Rounds:
    """bench.runs turns of bench.seconds for each, after a warm-up that does not count. Raises BenchmarkError."""
    slow = set()
    for contender in contenders:
        warm = await one_round(contender, connections, WARM_UP_S)
        if warm.rate * bench.seconds < FEW_ANSWERS * connections:
            slow.add(contender.name)
    found: Rounds = {contender.name: [] for contender in contenders}
    for number in range(bench.runs):
        for contender in contenders:
            one = await one_round(contender, connections, bench.seconds, patient=contender.name in slow)
            found[contender.name].append(one)
            bench.say(f"{number + 1}/{bench.runs} {contender.name}: {one}")
    return found


async def one_round(contender: Contender, connections: int, seconds: float, *, patient: bool = False) -> Round:
    """Returns when its processes rest again. patient: see offer. Raises BenchmarkError where the load itself fails."""
    before, beside = cpu_seconds(contender.pids), seconds_of(contender.beside)
    load = await offer(contender.requests, connections, seconds, patient=patient)
    cpu_s = cpu_seconds(contender.pids) - before
    taken = {name: after - beside[name] for name, after in seconds_of(contender.beside).items()}
    await rest([*contender.pids, *contender.beside.values()])
    return Round(load, cpu_s, taken)


async def rest(pids: Sequence[int]) -> None:
    """Waits until the processes have done what is left of a load, for LONGEST_REST_S at most: the core is the next
    one's then.
    """
    for _ in range(round(LONGEST_REST_S / IDLE_S)):
        before = cpu_seconds(pids)
        await asyncio.sleep(IDLE_S)
        if cpu_seconds(pids) - before <= IDLE_SHARE * IDLE_S:
            return


def seconds_of(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds by name."""
    return {name: cpu_seconds([pid]) for name, pid in pids.items()}
