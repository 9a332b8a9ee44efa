"""What every peer is asked, and how it is known to answer."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

import aiohttp

from benchmark.bench import Bench
from benchmark.errors import Unavailable
from benchmark.load import Requests
from benchmark.processes import LAST_CHARACTERS, Started
from benchmark.simulator import Simulator

MODEL = "openai/gpt-oss-20b"
"""What the simulator knows; answers of all contenders are this model's."""
ANSWER_S = 90.0
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Peer:
    """A gateway that answers. requests: what to load it with. pids: of all its processes."""

    name: str
    version: str
    requests: Requests
    pids: Sequence[int]


Run = Callable[[Bench, Simulator, str], AbstractAsyncContextManager[Peer]]
"""Starts the peer before this upstream, to be asked this message. Raises Unavailable, BenchmarkError."""


def chat_body(model: str, message: str) -> str:
    """Of a chat completion, as OpenAI defines it."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": message}]})


async def first_answer(started: Started, requests: Requests) -> None:
    """Returns when it answers. Raises Unavailable with its last words where it ends, refuses or takes too long."""
    end, said = time.monotonic() + ANSWER_S, "no answer"
    headers = dict(requests.headers)
    if requests.tokens:
        headers["Authorization"] = f"Bearer {requests.tokens[0]}"
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
        while time.monotonic() < end and started.process.returncode is None:
            with suppress(aiohttp.ClientError, TimeoutError):  # it does not listen yet
                async with http.post(requests.url, json=json.loads(requests.body)) as response:
                    if response.ok:
                        return
                    said = f"{response.status} {(await response.text())[:500]}"
            await asyncio.sleep(PAUSE_S)
    raise Unavailable(f"{started.name}: {said}; {started.output[-LAST_CHARACTERS:]}")
