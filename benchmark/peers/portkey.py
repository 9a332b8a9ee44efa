"""Portkey's gateway: one process of node, the upstream named by headers, without its console."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmark.bench import Bench, free_port
from benchmark.load import Requests
from benchmark.peers.install import node_package
from benchmark.peers.peer import MODEL, Peer, chat_body, first_answer
from benchmark.simulator import Simulator

NAME = "Portkey"
VERSION = "1.15.2"


@asynccontextmanager
async def run(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peer]:
    """Raises Unavailable, BenchmarkError."""
    node, modules = await node_package("portkey", f"@portkey-ai/gateway@{VERSION}")
    folder, port = bench.temporary("portkey"), free_port()
    server = modules / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    command = [node, str(server), f"--port={port}", "--headless"]
    async with bench.contender("portkey", command, folder, {"NODE_ENV": "production"}) as started:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        headers = [("x-portkey-provider", "openai"), ("x-portkey-custom-host", upstream.openai_url)]
        requests = Requests(url, chat_body(MODEL, message), [secrets.token_hex(8)], headers)
        await first_answer(started, requests)
        yield Peer(NAME, VERSION, requests, bench.settle(started))
