"""chat/optimized with a message that nobody has sent before: signed in, limited, routed, every turn durable.

Other gateways are asked the same through their chat completions. They store nothing.
"""

import json

from benchmark.aether import tokens_of
from benchmark.bench import Bench
from benchmark.comparison import Comparison
from benchmark.ledger import reuse
from benchmark.load import Requests
from benchmark.load.requests import UNIQUE
from benchmark.peers import PEERS, running_peers
from benchmark.results import Scenario
from benchmark.rounds import Contender, measure_rounds

NAME = "uncached"
AETHER = "Aether"
CONNECTIONS = 64
USERS = 16
MESSAGE = f"Explain what the note {UNIQUE} says about unit tests, in a few sentences"
BODY = json.dumps({"message": MESSAGE})
PATH = "/api/ai/v4/chat/optimized"


async def measure(bench: Bench) -> Scenario:
    """CPU per request, requests a second, and their ratios."""
    async with (
        bench.simulator() as upstream,
        bench.aether(simulator=upstream) as aether,
        running_peers(bench, upstream, MESSAGE) as peers,
    ):
        accounts = await aether.sign_up(USERS)
        requests = Requests(aether.url + PATH, BODY, tokens_of(accounts))
        own = Contender(AETHER, requests, aether.workers, aether.pids)
        others = [Contender(peer.name, peer.requests, peer.pids) for peer in peers.running]
        comparison = Comparison(NAME, await measure_rounds(bench, [own, *others], CONNECTIONS), peers.away)
        reused = await reuse(NAME, aether, accounts, comparison.rounds[AETHER])
    names = (AETHER, *PEERS)
    bounds = [comparison.busy(AETHER), *(comparison.beside(AETHER, name) for name in aether.pids)]
    rows = [comparison.cpu(name) for name in names] + [comparison.rate(name) for name in names]
    ratios = [compare(AETHER, name) for compare in (comparison.ratio, comparison.cpu_ratio) for name in PEERS]
    return Scenario(NAME, (*rows, *ratios, *bounds, reused))
