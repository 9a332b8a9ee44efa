"""chat/multi-agent: five agents side by side and their synthesis, each call answered after 300 ms."""

import time

import orjson

from benchmark.aether import tokens_of
from benchmark.bench import Bench
from benchmark.clients.connection import Connection, post
from benchmark.errors import BenchmarkError
from benchmark.load.generator import percentile
from benchmark.results import Scenario, figure
from benchmark.simulator import SimulatorOptions

NAME = "team"
PATH = "/api/ai/v4/chat/multi-agent"
UPSTREAM = SimulatorOptions(fast=True, ttft_s=0.3)
QUESTIONS = 10
AGENTS = 5
BARE = {"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "How long does one call take?"}]}


async def measure(bench: Bench) -> Scenario:
    """Of each run the median of some questions, one after another. What a call takes is measured beside it."""
    beyond: list[float] = []
    walls: list[float] = []
    async with bench.simulator(UPSTREAM) as simulator, bench.aether(1, simulator) as aether:
        [token] = tokens_of(await aether.sign_up(1))
        to_aether, to_upstream = await Connection.open(aether.url), await Connection.open(simulator.url)
        bare = post("/openai/v1/chat/completions", BARE, "upstream")
        await timed(to_aether, ask("warm"), token)
        for run in range(bench.runs):
            texts = [f"run {run} question {number}" for number in range(QUESTIONS)]
            wall = middle([await timed(to_aether, ask(text), token) for text in texts])
            call = middle([await elapsed(to_upstream, bare) for _ in range(QUESTIONS)])
            walls.append(wall)
            beyond.append(wall - 1.05 * 2 * call)
            bench.say(f"{run + 1}/{bench.runs} {wall:.1f} ms, one call {call:.1f} ms")
        to_aether.close()
        to_upstream.close()
    note = "slowest agent and synthesis: one bare call to the upstream each, measured by the same client"
    return Scenario(
        NAME,
        (
            figure(NAME, "wall beyond 1.05 x (slowest agent + synthesis)", beyond, "ms", note),
            figure(NAME, "wall of a question", walls, "ms"),
        ),
    )


def ask(text: str) -> dict[str, object]:
    return {"message": f"What would each of you do about {text}?"}


async def timed(connection: Connection, body: dict[str, object], token: str) -> float:
    """Milliseconds. Raises BenchmarkError where not all agents and the synthesis have answered."""
    started = time.perf_counter()
    answer = await connection.ask(post(PATH, body, token))
    wall = (time.perf_counter() - started) * 1e3
    if answer.status != 200 or len(orjson.loads(answer.body)["agents_used"]) != AGENTS:
        raise BenchmarkError(f"a team's answer: {answer.status} {answer.body[:300]!r}")
    return wall


async def elapsed(connection: Connection, request: bytes) -> float:
    started = time.perf_counter()
    await connection.ask(request)
    return (time.perf_counter() - started) * 1e3


def middle(values: list[float]) -> float:
    return percentile(sorted(values), 0.5)
