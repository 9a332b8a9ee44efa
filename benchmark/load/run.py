"""One load, by whichever generator there is."""

import asyncio
import secrets
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.load.generator import generate
from benchmark.load.requests import Requests
from benchmark.load.result import Load, read_report

SCRIPT = Path(__file__).with_name("load.lua")
SPARE_S = 30.0
REQUEST_TIMEOUT_S = 30
NO_WRK = "wrk is not installed (Debian: apt-get install wrk): a slower generator of our own offers the load"


def wrk_program() -> str | None:
    return shutil.which("wrk")


async def offer(requests: Requests, connections: int, seconds: float, *, patient: bool = False) -> Load:
    """So many connections, each with one request at a time, for so long (whole seconds). Raises BenchmarkError.

    The load runs on the cores of this process. patient: by our own generator. wrk drops the requests that are under way
    at its end: one a connection, which is nothing of many thousands, but of few hundred it is.
    """
    requests = replace(requests, prefix=secrets.token_hex(4))  # what another load has asked is in caches
    program = wrk_program()
    if program is None or patient:
        return await generate(requests, connections, seconds)
    with tempfile.TemporaryDirectory(prefix="aether-load-") as folder:
        body, tokens = Path(folder) / "body", Path(folder) / "tokens"
        body.write_text(requests.body)
        tokens.write_text("\n".join(requests.tokens))
        options = [
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            f"--timeout={REQUEST_TIMEOUT_S}s",
            "-s",
            str(SCRIPT),
        ]
        headers = [f"{name}: {value}" for name, value in requests.headers]
        arguments = [requests.url, "--", str(body), str(tokens), requests.prefix, *headers]
        return read_report(await output_of([program, *options, *arguments], seconds + SPARE_S + REQUEST_TIMEOUT_S))


async def output_of(command: list[str], within_s: float) -> str:
    """Raises BenchmarkError where the program fails or does not end in time."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise BenchmarkError(f"{command[0]} did not end within {within_s:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise BenchmarkError(f"{command[0]} failed: {output.decode(errors='replace')[-500:]}")
    return output.decode()
