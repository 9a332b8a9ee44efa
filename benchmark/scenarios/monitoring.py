"""What recording costs of a request: how many events a request makes, times what each of them costs."""

import secrets

import orjson

from benchmark.aether import Aether, tokens_of
from benchmark.bench import Bench
from benchmark.clients.connection import Connection, get
from benchmark.errors import BenchmarkError
from benchmark.load import Requests
from benchmark.recording import COUNTERS, cost_us, counted
from benchmark.results import Scenario, figure
from benchmark.rounds import Contender, one_round
from benchmark.scenarios.uncached import BODY, CONNECTIONS, PATH, USERS

NAME = "monitoring"


async def measure(bench: Bench) -> Scenario:
    shares: list[float] = []
    spent: list[float] = []
    events: list[float] = []
    token = secrets.token_hex(16)
    async with bench.aether(AETHER_METRICS_TOKEN=token) as aether:
        requests = Requests(aether.url + PATH, BODY, tokens_of(await aether.sign_up(USERS)))
        contender = Contender("Aether", requests, aether.workers)
        await one_round(contender, CONNECTIONS, bench.seconds)
        for _ in range(bench.runs):
            before = await counts(aether, token)
            one = await one_round(contender, CONNECTIONS, bench.seconds)
            after = await counts(aether, token)
            each = {kind: (after[kind] - before[kind]) / one.load.answers for kind in COUNTERS}
            spent.append(sum(number * cost_us(kind) for kind, number in each.items()))
            shares.append(100 * spent[-1] / one.cpu_us)
            events.append(sum(each.values()))
    note = ", ".join(f"{kind} {number:.2g}" for kind, number in each.items() if number)
    return Scenario(
        NAME,
        (
            figure(NAME, "share of a request's CPU", shares, "%", "of an uncached chat/optimized"),
            figure(NAME, "recording and counting the events of a request", spent, "us"),
            figure(NAME, "events of a request", events, "", f"of the last run: {note}"),
        ),
    )


async def counts(aether: Aether, token: str) -> dict[str, float]:
    """Events by kind since the worker began."""
    connection = await Connection.open(aether.url)
    answer = await connection.ask(get("/metrics", token))
    connection.close()
    if answer.status != 200:
        raise BenchmarkError(f"/metrics: {answer.status} {orjson.loads(answer.body)}")
    text = answer.body.decode()
    return {kind: counted(text, kind) for kind in COUNTERS}
