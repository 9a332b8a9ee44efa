"""The upstream of all contenders: the bundled simulator as a process of its own."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmark.processes import Started, clean_environment, started

CHECKOUT = Path(__file__).resolve().parents[1]
CHAT_PATH = "/openai/v1"
"""Below the simulator's address; what OpenAI's clients call the base URL ends with it."""


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """fast: raw answers for throughput. ttft_s: seconds to the first token. tokens_per_second 0: at once.

    arguments: further flags of scripts/groq_simulator.py.
    """

    fast: bool = False
    ttft_s: float = 0.0
    tokens_per_second: float = 0.0
    arguments: tuple[str, ...] = ()

    def flags(self) -> list[str]:
        fast = ["--fast"] if self.fast else []
        pace = ["--ttft", f"{self.ttft_s:g}", "--tokens-per-second", f"{self.tokens_per_second:g}"]
        return [*fast, *pace, *self.arguments]


@dataclass(frozen=True, slots=True)
class Simulator:
    """url: what GROQ_BASE_URL takes. openai_url: the base URL of OpenAI's clients."""

    url: str
    process: Started

    @property
    def openai_url(self) -> str:
        return self.url + CHAT_PATH


@asynccontextmanager
async def run_simulator(options: SimulatorOptions, folder: Path) -> AsyncIterator[Simulator]:
    """Raises BenchmarkError where it does not start."""
    ready = folder / "simulator.ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "scripts/groq_simulator.py", "--port", "0", "--ready-file", str(ready)]
    process = started(
        "simulator", [*command, *options.flags()], folder=folder, cwd=CHECKOUT, environment=clean_environment({})
    )
    async with process as running:
        await running.until(ready.is_file)
        port = orjson.loads(ready.read_bytes())["port"]
        yield Simulator(f"http://127.0.0.1:{port}", running)
