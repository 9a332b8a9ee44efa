"""Which peers there are, and all of them at once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from benchmark.bench import Bench
from benchmark.errors import BenchmarkError
from benchmark.peers import litellm, portkey, tensorzero
from benchmark.peers.peer import Peer, Run
from benchmark.simulator import Simulator

PEERS: Mapping[str, Run] = {
    litellm.NAME: litellm.run,
    portkey.NAME: portkey.run,
    tensorzero.NAME: tensorzero.run,
}


@dataclass(frozen=True, slots=True)
class Peers:
    """running: those that answer. away: why the others do not, by name."""

    running: list[Peer] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def running_peers(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peers]:
    """All that can be installed and started here, each asked this message; what cannot is told, never left out."""
    peers = Peers()
    async with AsyncExitStack() as stack:
        for name, run in PEERS.items():
            try:
                peer = await stack.enter_async_context(run(bench, upstream, message))
            except BenchmarkError as error:
                bench.say(f"{name} does not take part: {error}")
                peers.away[name] = str(error)
            else:
                bench.versions[name] = peer.version
                peers.running.append(peer)
        yield peers
