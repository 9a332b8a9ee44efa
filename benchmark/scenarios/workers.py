"""Two workers against one: requests a second, and whether a request costs more where there are two."""

from benchmark.aether import tokens_of
from benchmark.bench import Bench
from benchmark.load import Requests
from benchmark.results import Scenario, figure
from benchmark.rounds import Contender, Round, measure_rounds
from benchmark.scenarios.uncached import BODY, CONNECTIONS, PATH, USERS

NAME = "workers"


async def measure(bench: Bench) -> Scenario:
    """Every core is for everybody here: with two workers there is none left for the rest alone."""
    async with (
        bench.simulator() as simulator,
        bench.aether(1, simulator, pinned=False) as one,
        bench.aether(2, simulator, pinned=False) as two,
    ):
        contenders = [
            Contender(name, Requests(aether.url + PATH, BODY, tokens_of(await aether.sign_up(USERS))), aether.workers)
            for name, aether in (("one", one), ("two", two))
        ]
        rounds = await measure_rounds(bench, contenders, CONNECTIONS)
    pairs = list(zip(rounds["one"], rounds["two"], strict=True))
    cores = len(bench.cores.all)
    note = (
        f"{cores} cores, shared by the workers with upstream, load, MongoDB and Valkey: one worker of {share(rounds)} "
        "leaves no more than that; a ratio near 1.8 takes two cores beside those of the rest"
    )
    return Scenario(
        NAME,
        (
            figure(NAME, "2 workers to 1", [two.rate / one.rate for one, two in pairs], "", note),
            figure(NAME, "1 worker", [one.rate for one, _ in pairs], "requests/s"),
            figure(NAME, "2 workers", [two.rate for _, two in pairs], "requests/s"),
            figure(NAME, "1 worker, CPU per request", [one.cpu_us for one, _ in pairs], "us"),
            figure(NAME, "2 workers, CPU per request", [two.cpu_us for _, two in pairs], "us"),
        ),
    )


def share(rounds: dict[str, list[Round]]) -> str:
    """Of a core that the single worker had."""
    busy = [one.cpu_s / one.load.seconds for one in rounds["one"]]
    return f"{sorted(busy)[len(busy) // 2] * 100:.0f}% of a core"
