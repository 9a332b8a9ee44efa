"""From the command to the first answered question, with the embedded MongoDB and Valkey on data of a start before."""

import asyncio
import secrets
import time
from contextlib import suppress
from pathlib import Path

import aiohttp

from benchmark.aether import Account
from benchmark.bench import FAST, Bench, free_port
from benchmark.errors import BenchmarkError
from benchmark.results import Scenario, figure
from benchmark.scenarios.uncached import PATH
from benchmark.simulator import Simulator

NAME = "cold_start"
PAUSE_S = 0.01
ANSWER_S = 60.0


async def measure(bench: Bench) -> Scenario:
    """Seconds. The kernel places the processes, as it does on a machine without a benchmark."""
    async with bench.simulator(FAST) as upstream:
        data = bench.temporary("cold-start")
        account = await sign_up(bench, upstream, data)
        with_key = [await start(bench, upstream, data, account) for _ in range(bench.runs)]
        without = [await start(bench, None, data, account) for _ in range(bench.runs)]
    rows = (
        figure(NAME, "second start to the first answer", with_key, "s", "the upstream answers at once"),
        figure(
            NAME,
            "the same without a key",
            without,
            "s",
            "the launcher starts the bundled simulator too, whose answer takes about a second",
        ),
    )
    return Scenario(NAME, rows)


async def sign_up(bench: Bench, upstream: Simulator, data: Path) -> Account:
    """Of the first start; the token is valid after others, because the key that signs is kept."""
    async with bench.aether(simulator=upstream, pinned=False, data_dir=data) as aether:
        return (await aether.sign_up(1))[0]


async def start(bench: Bench, upstream: Simulator | None, data: Path, account: Account) -> float:
    """Seconds from the command to the answer."""
    port = free_port()
    asking = asyncio.create_task(first_answer(port, account))
    try:
        async with bench.aether(simulator=upstream, pinned=False, data_dir=data, AETHER_PORT=str(port)):
            seconds = await asking
    finally:
        asking.cancel()
    bench.say(f"{seconds:.2f} s")
    return seconds


async def first_answer(port: int, account: Account) -> float:
    """Asks until somebody answers. Returns seconds since this began. Raises BenchmarkError for any other answer."""
    begun = time.perf_counter()
    body = {"message": f"Explain what the note {secrets.token_hex(4)} says about unit tests"}
    headers, timeout = {"Authorization": f"Bearer {account.token}"}, aiohttp.ClientTimeout(total=ANSWER_S)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers, timeout=timeout) as http:
        while time.perf_counter() - begun < ANSWER_S:
            with suppress(aiohttp.ClientConnectionError):  # nothing listens yet
                async with http.post(PATH, json=body) as response:
                    if response.ok:
                        await response.read()
                        return time.perf_counter() - begun
                    raise BenchmarkError(f"the first answer is {response.status}: {await response.text()}")
            await asyncio.sleep(PAUSE_S)
    raise BenchmarkError(f"nobody answered within {ANSWER_S:.0f} s")
