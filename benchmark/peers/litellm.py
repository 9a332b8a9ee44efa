"""LiteLLM's proxy: one worker, a master key, no database, the prices that it ships with."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from benchmark.bench import Bench, free_port
from benchmark.load import Requests
from benchmark.peers.install import python_environment
from benchmark.peers.peer import MODEL, Peer, chat_body, first_answer
from benchmark.simulator import Simulator

NAME = "LiteLLM"
VERSION = "1.106.2"


def configuration(upstream: Simulator, master_key: str) -> dict[str, object]:
    """Its config.yaml; JSON is YAML too. The keys follow its guide for production."""
    parameters = {"model": f"openai/{MODEL}", "api_base": upstream.openai_url, "api_key": secrets.token_hex(8)}
    return {
        "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
        "general_settings": {"master_key": master_key},
        "litellm_settings": {"request_timeout": 600, "set_verbose": False, "json_logs": True, "telemetry": False},
    }


@asynccontextmanager
async def run(bench: Bench, upstream: Simulator, message: str) -> AsyncIterator[Peer]:
    """Raises Unavailable, BenchmarkError."""
    programs = await python_environment("litellm", f"litellm[proxy]=={VERSION}")
    folder, port, master_key = bench.temporary("litellm"), free_port(), f"sk-{secrets.token_hex(16)}"
    config = folder / "config.yaml"
    config.write_bytes(orjson.dumps(configuration(upstream, master_key)))
    command = [str(programs / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    async with bench.contender("litellm", [*command, "--num_workers", "1"], folder, environment) as started:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        requests = Requests(url, chat_body(MODEL, message), [master_key])
        await first_answer(started, requests)
        yield Peer(NAME, VERSION, requests, bench.settle(started))
