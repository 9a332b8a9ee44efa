"""What a gateway adds to the upstream's own time, asked by one client who waits for each answer."""

import secrets

from benchmark.aether import tokens_of
from benchmark.bench import Bench
from benchmark.comparison import Comparison
from benchmark.load import Requests
from benchmark.peers import PEERS, running_peers
from benchmark.peers.peer import MODEL, chat_body
from benchmark.results import Row, Scenario
from benchmark.rounds import Contender, measure_rounds
from benchmark.scenarios.uncached import AETHER, BODY, MESSAGE, PATH

NAME = "latency"
UPSTREAM = "the upstream itself"


async def measure(bench: Bench) -> Scenario:
    """Milliseconds beyond the bare upstream's, in the same turn: medians apart, and 99th percentiles apart."""
    async with (
        bench.simulator() as upstream,
        bench.aether(simulator=upstream) as aether,
        running_peers(bench, upstream, MESSAGE) as peers,
    ):
        url = f"{upstream.openai_url}/chat/completions"
        bare = Contender(UPSTREAM, Requests(url, chat_body(MODEL, MESSAGE), [secrets.token_hex(8)]), [])
        own = Contender(AETHER, Requests(aether.url + PATH, BODY, tokens_of(await aether.sign_up(1))), aether.workers)
        others = [Contender(peer.name, peer.requests, peer.pids) for peer in peers.running]
        rounds = await measure_rounds(bench, [bare, own, *others], connections=1)
    comparison = Comparison(NAME, rounds, peers.away)
    itself = [
        comparison.of(UPSTREAM, f"{UPSTREAM}, p50", "ms", lambda one: one.load.p50_s * 1e3),
        comparison.of(UPSTREAM, f"{UPSTREAM}, p99", "ms", lambda one: one.load.p99_s * 1e3),
    ]
    return Scenario(NAME, (*itself, *(row for name in (AETHER, *PEERS) for row in added(comparison, name))))


def added(comparison: Comparison, name: str) -> list[Row]:
    return [
        comparison.between(
            name, UPSTREAM, f"added by {name}, p50", "ms", lambda own, its: (own.load.p50_s - its.load.p50_s) * 1e3
        ),
        comparison.between(
            name, UPSTREAM, f"added by {name}, p99", "ms", lambda own, its: (own.load.p99_s - its.load.p99_s) * 1e3
        ),
    ]
