"""TensorZero's gateway, as its Python package starts it on loopback: a Rust server, without its observability."""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmark.bench import Bench
from benchmark.load import Requests
from benchmark.peers.install import python_environment
from benchmark.peers.peer import MODEL, Peer, chat_body, first_answer
from benchmark.simulator import Simulator

NAME = "TensorZero"
VERSION = "2026.6.0"
GATEWAY = Path(__file__).with_name("tensorzero_gateway.py")
LISTENS = re.compile(r"TensorZero listens at (http://\S+)\n")
CONFIGURATION = """
[gateway]
observability.enabled = false

[models.answers]
routing = ["upstream"]

[models.answers.providers.upstream]
type = "openai"
model_name = "{model}"
api_base = "{upstream}"
api_key_location = "env::UPSTREAM_KEY"
"""


@asynccontextmanager
async def run(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peer]:
    """Raises Unavailable, BenchmarkError."""
    programs = await python_environment("tensorzero", f"tensorzero=={VERSION}")
    folder = bench.temporary("tensorzero")
    config = folder / "tensorzero.toml"
    config.write_text(CONFIGURATION.format(model=MODEL, upstream=upstream.openai_url))
    environment = {"UPSTREAM_KEY": secrets.token_hex(8), "TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS": "1"}
    # isolated: beside the script is a module of the package's name
    command = [str(programs / "python"), "-I", str(GATEWAY), str(config)]
    async with bench.contender("tensorzero", command, folder, environment) as started:
        await started.until(lambda: LISTENS.search(started.output) is not None)
        url = f"{LISTENS.findall(started.output)[0]}/chat/completions"
        requests = Requests(url, chat_body("tensorzero::model_name::answers", message))
        await first_answer(started, requests)
        yield Peer(NAME, VERSION, requests, bench.settle(started))
