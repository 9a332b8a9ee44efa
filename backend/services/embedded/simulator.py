"""The bundled simulator of Groq's protocol as a child process."""

import asyncio
from functools import partial
from pathlib import Path

from backend.services.embedded.layout import DataLayout
from backend.services.embedded.process import python_module, spawn
from backend.services.embedded.server import HOST, EmbeddedServer, await_answer, guarded, start_first

NAME = "simulator"
START_S = 20.0


async def start_simulator(
    data_dir: Path, *, port: int = 0, ttft_s: float = 0.0, tokens_per_second: float = 0.0
) -> EmbeddedServer:
    """Starts the simulator; its url is a GROQ_BASE_URL. tokens_per_second 0: as fast as possible.

    It keeps no data. Raises StartError.
    """
    layout = DataLayout(data_dir).create()
    options = ["--ttft", f"{ttft_s:g}", "--tokens-per-second", f"{tokens_per_second:g}"]
    program, *module = python_module("backend.simulator")

    async def start(python: Path, port: int) -> EmbeddedServer:
        child = spawn(
            NAME, [python, *module, "--port", str(port), *options], run_dir=layout.run, log=layout.log_file(NAME)
        )

        async def ready() -> EmbeddedServer:
            await await_answer(child, layout.root, partial(_ping, port), START_S)
            return EmbeddedServer(NAME, f"http://{HOST}:{port}", port, "bundled", layout.root, child)

        return await guarded(child, ready())

    return await start_first(NAME, [Path(program)], start, port)


async def _ping(port: int) -> str:
    """It listens only when it is ready."""
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    return ""
