"""chat/optimized with a message that was answered before, its turn stored as ever, beside a route that does nothing."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmark import bare
from benchmark.aether import tokens_of
from benchmark.bench import Bench, free_port
from benchmark.comparison import Comparison
from benchmark.ledger import reuse
from benchmark.load import Requests
from benchmark.peers.peer import first_answer
from benchmark.results import Scenario
from benchmark.rounds import Contender, measure_rounds
from benchmark.scenarios.uncached import AETHER, CONNECTIONS, PATH, USERS

NAME = "cached"
BODY = json.dumps({"message": "Explain what a unit test is, in a few sentences"})
BARE = "a bare FastAPI route"


async def measure(bench: Bench) -> Scenario:
    """CPU per request, requests a second, and their ratio."""
    async with bench.aether() as aether, bare_route(bench) as route:
        accounts = await aether.sign_up(USERS)
        requests = Requests(aether.url + PATH, BODY, tokens_of(accounts))
        own = Contender(AETHER, requests, aether.workers)
        comparison = Comparison(NAME, await measure_rounds(bench, [own, route], CONNECTIONS))
        reused = await reuse(NAME, aether, accounts, comparison.rounds[AETHER])
    rows = [*map(comparison.cpu, (AETHER, BARE)), *map(comparison.rate, (AETHER, BARE))]
    return Scenario(NAME, (*rows, comparison.ratio(AETHER, BARE), comparison.cpu_ratio(AETHER, BARE), reused))


@asynccontextmanager
async def bare_route(bench: Bench) -> AsyncIterator[Contender]:
    """Served as Aether's worker is: by uvicorn with uvloop and httptools, without an access log."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "benchmark.bare:create_app", "--port", str(port)]
    flags = ["--loop=uvloop", "--http=httptools", "--no-access-log", "--log-level=warning"]
    async with bench.contender("bare", [*command, *flags], bench.temporary("bare"), {}) as started:
        requests = Requests(f"http://127.0.0.1:{port}{bare.PATH}", BODY)
        await first_answer(started, requests)
        yield Contender(BARE, requests, bench.settle(started))
