"""chat/optimized with a message that nobody has sent before: signed in, limited, routed, every turn durable."""

from benchmark.aether import tokens_of
from benchmark.bench import Bench
from benchmark.load import Requests
from benchmark.load.requests import UNIQUE
from benchmark.results import Scenario, figure
from benchmark.rounds import Contender, measure_rounds

NAME = "uncached"
CONNECTIONS = 64
USERS = 16
MESSAGE = f"Explain what the note {UNIQUE} says about unit tests, in a few sentences"
BODY = f'{{"message": "{MESSAGE}"}}'
PATH = "/api/ai/v4/chat/optimized"


async def measure(bench: Bench) -> Scenario:
    """CPU per request, requests a second, and their ratios."""
    async with bench.aether() as aether:
        accounts = await aether.sign_up(USERS)
        requests = Requests(aether.url + PATH, BODY, tokens_of(accounts))
        contenders = [Contender("Aether", requests, aether.workers)]
        rounds = await measure_rounds(bench, contenders, CONNECTIONS)
    own = rounds["Aether"]
    rows = [
        figure(NAME, "Aether, CPU per request", [one.cpu_us for one in own], "us"),
        figure(NAME, "Aether", [one.rate for one in own], "requests/s"),
    ]
    return Scenario(NAME, tuple(rows))
