"""Contenders in turn, again and again: what disturbs the machine meanwhile meets all of them alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.bench import Bench
from benchmark.errors import BenchmarkError
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
    def rate(self) -> float:
        """Answers a second."""
        return self.load.rate

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU time an answer."""
        return self.cpu_s / self.load.answers * 1e6


async def measure_rounds(
    bench: Bench, contenders: Sequence[Contender], connections: int, warm_up_s: float = WARM_UP_S
) -> dict[str, list[Round]]:
    """By name, bench.runs rounds of each. Raises BenchmarkError where one has errors: such a round is no figure."""
    for contender in contenders:
        await one_round(contender, connections, warm_up_s)
    found: dict[str, list[Round]] = {contender.name: [] for contender in contenders}
    for number in range(bench.runs):
        for contender in contenders:
            one = await one_round(contender, connections, bench.seconds)
            found[contender.name].append(one)
            bench.say(
                f"{number + 1}/{bench.runs} {contender.name}: {one.rate:,.0f}/s, {one.cpu_us:,.0f} us of CPU, "
                f"p50 {one.load.p50_s * 1e3:.2f} ms, p99 {one.load.p99_s * 1e3:.2f} ms"
            )
    return found


async def one_round(contender: Contender, connections: int, seconds: float) -> Round:
    before = cpu_seconds(contender.pids)
    load = await offer(contender.requests, connections, seconds)
    taken = cpu_seconds(contender.pids) - before
    if load.errors or not load.answers:
        raise BenchmarkError(
            f"{contender.name}: {load.answers} answers, {load.refusals} refusals, {load.broken} broken connections"
        )
    return Round(load, taken)
