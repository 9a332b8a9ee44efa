"""Aether as a person starts it, on a data directory of its own: its processes, what they consume, and its users."""

import asyncio
import json
import re
import secrets
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmark.errors import BenchmarkError
from benchmark.processes import Memory, Started, clean_environment, cpu_seconds, memory, started
from benchmark.simulator import CHECKOUT

READY = re.compile(r"Aether runs at (http://\S+)\n(?:.*\n)*Ctrl-C stops it")
WORKER = re.compile(r"worker-\d+")
TIMEOUT = aiohttp.ClientTimeout(total=60)
SIGN_UPS_AT_ONCE = 8
GENEROUS = {
    "AETHER_LIMIT_CHAT": "1000000/minute",
    "AETHER_LIMIT_CONCURRENCY": "1000000",
    "AETHER_LIMIT_AUTH": "off",
    "AETHER_LIMIT_ENTRY": "off",
    "AETHER_LIMIT_REFRESH": "off",
}
"""Of chat the limits count every request and refuse none; those of sign-ups are no part of what is measured."""


@dataclass(frozen=True, slots=True)
class Account:
    """token: an access token; it is valid for ten minutes."""

    user_id: str
    token: str = field(repr=False)


@dataclass(slots=True)
class Aether:
    """pids: of mongod, valkey and the simulator, where they run; launcher and workers are apart.

    data_dir: its data directory; mongod's port is in its run/mongod.port.
    """

    url: str
    launcher: Started
    workers: list[int]
    pids: dict[str, int]
    data_dir: Path
    http: aiohttp.ClientSession

    def cpu_seconds(self) -> float:
        """User and system time of all workers since they began."""
        return cpu_seconds(self.workers)

    def memory(self) -> list[Memory]:
        """Of each worker."""
        return memory(self.workers)

    async def sign_up(self, count: int) -> list[Account]:
        """New users, signed in. Raises BenchmarkError where the server refuses one."""
        gate = asyncio.Semaphore(SIGN_UPS_AT_ONCE)

        async def one() -> Account:
            async with gate:
                return await self._sign_up()

        return list(await asyncio.gather(*(one() for _ in range(count))))

    async def call(
        self, method: str, path: str, account: Account | None = None, body: object = None
    ) -> Mapping[str, Any]:
        """The JSON of a successful answer. Raises BenchmarkError for any other."""
        headers = {"Authorization": f"Bearer {account.token}"} if account else {}
        async with self.http.request(method, path, json=body, headers=headers) as response:
            if not response.ok:
                raise BenchmarkError(f"{method} {path}: {response.status} {(await response.text())[:500]}")
            answer: Mapping[str, Any] = await response.json()
        return answer

    async def _sign_up(self) -> Account:
        who = {"email": f"bench-{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(16)}
        await self.call("POST", "/api/auth/register", body=who)
        answer = await self.call("POST", "/api/auth/login", body=who)
        return Account(answer["user"]["id"], answer["access_token"])


@asynccontextmanager
async def run_aether(
    folder: Path, data_dir: Path, upstream: str | None, settings: Mapping[str, str], workers: int
) -> AsyncIterator[Aether]:
    """Ready to answer. upstream None: no simulator of ours, so the launcher starts its own. Raises BenchmarkError."""
    groq = {"GROQ_BASE_URL": upstream, "GROQ_API_KEY": secrets.token_hex(8)} if upstream else {}
    own = {"AETHER_DATA_DIR": str(data_dir), "AETHER_PORT": "0", "AETHER_WORKERS": str(workers)}
    environment = clean_environment({**GENEROUS, **own, **groq, **settings})
    async with started(
        "aether", [sys.executable, "-m", "backend"], folder=folder, cwd=CHECKOUT, environment=environment
    ) as launcher:
        await launcher.until(lambda: READY.search(launcher.output) is not None)
        url = READY.findall(launcher.output)[0]
        children = recorded(data_dir / "run")
        found = [pid for name, pid in children.items() if WORKER.fullmatch(name)]
        others = {name: pid for name, pid in children.items() if not WORKER.fullmatch(name)}
        async with aiohttp.ClientSession(url, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Aether(url, launcher, found, others, data_dir, http)


def recorded(run_dir: Path) -> dict[str, int]:
    """Process ids of a launcher's children by name."""
    found = {}
    for path in sorted(run_dir.glob("*.json")):
        with suppress(FileNotFoundError):  # it is just being replaced
            record = json.loads(path.read_text())
            found[record["name"]] = record["pid"]
    return found


def tokens_of(accounts: Iterable[Account]) -> list[str]:
    return [account.token for account in accounts]
