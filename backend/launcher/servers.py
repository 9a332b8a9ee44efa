"""The embedded servers that the settings ask for, and the settings that lead to them."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from pydantic import SecretStr

from backend.config import Settings
from backend.launcher.supervision import Supervised
from backend.services.embedded import (
    DataLayout,
    EmbeddedServer,
    StartError,
    start_mongod,
    start_simulator,
    start_valkey,
)

SIMULATOR_KEY = SecretStr("simulated")
"""Like Groq it refuses calls without a key, and takes any."""
SIMULATED_TTFT_S = 0.05
SIMULATED_TOKENS_PER_SECOND = 200.0


class EmbeddedServers:
    """In the order in which they are stopped: the database goes after the cache, the simulator last."""

    def __init__(self, settings: Settings, layout: DataLayout) -> None:
        self._settings = settings
        self._data_dir = layout.root
        self.valkey = self._server("valkey", start_valkey, not settings.redis_url.get_secret_value())
        self.mongod = self._server("mongod", start_mongod, not settings.mongo_url.get_secret_value())
        simulate = not settings.groq_api_key.get_secret_value() and not settings.groq_base_url
        simulator = partial(start_simulator, ttft_s=SIMULATED_TTFT_S, tokens_per_second=SIMULATED_TOKENS_PER_SECOND)
        self.simulator = self._server("simulator", simulator, simulate)
        self.all = [server for server in (self.valkey, self.mongod, self.simulator) if server is not None]

    async def start(self) -> Settings:
        """Starts all at once. Returns the settings with their addresses. Raises StartError."""
        try:
            async with asyncio.TaskGroup() as starting:
                for server in self.all:
                    starting.create_task(server.start())
        except* StartError as errors:
            raise StartError("\n".join(map(str, errors.exceptions))) from None
        return self._resolved()

    async def stop(self, grace_s: float) -> None:
        for server in self.all:
            await server.stop(grace_s)

    def _server(
        self, name: str, start: Callable[..., Awaitable[EmbeddedServer]], wanted: bool
    ) -> Supervised[EmbeddedServer] | None:
        return Supervised(name, _on_one_port(partial(start, self._data_dir))) if wanted else None

    def _resolved(self) -> Settings:
        alone = self.valkey is not None and self._settings.workers == 1
        found: dict[str, object] = {"data_dir": self._data_dir, "alone": alone}
        if self.mongod:
            found["mongo_url"] = SecretStr(self.mongod.running.url)
        if self.valkey:
            found["redis_url"] = SecretStr(self.valkey.running.url)
        if self.simulator:
            found |= {"groq_base_url": self.simulator.running.url, "groq_api_key": SIMULATOR_KEY, "simulated": True}
        return self._settings.model_copy(update=found)


def _on_one_port(start: Callable[..., Awaitable[EmbeddedServer]]) -> Callable[[], Awaitable[EmbeddedServer]]:
    """Starts on a free port first, and on the same one ever after: the workers know its address."""
    port = 0

    async def start_again() -> EmbeddedServer:
        nonlocal port
        server = await start(port=port)
        port = server.port
        return server

    return start_again
