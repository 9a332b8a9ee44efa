"""docs/api.md: its examples run, its tables are the program's."""

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from backend.config import Settings
from backend.domain.problems import CODES
from backend.server import create_app
from tests.servers import SimulatorHandle
from tests.support.application import PASSWORD, Served
from tests.support.chat import Chat, close_gate, held, open_gate
from tests.support.openapi import operations
from tests.support.proxy import proxied
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
EXAMPLE_S = 60


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.M | re.S)


def example_environment(url: str, email: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "AETHER_URL": url, "AETHER_EMAIL": email, "AETHER_PASSWORD": PASSWORD}


async def test_the_python_example_goes_on_where_its_connection_broke(
    live_server: Served, simulator: SimulatorHandle
) -> None:
    chat = Chat(live_server, await live_server.new_user())
    [program] = examples("python")
    assert len([line for line in program.splitlines() if line.strip()]) < 40
    close_gate(simulator, after=30)
    async with proxied(str(live_server.client.base_url)) as (proxy, url):
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            env=example_environment(url, chat.account.email),
            stdout=PIPE,
            stderr=STDOUT,
        )
        assert running.stdout is not None
        begun = await asyncio.wait_for(running.stdout.readexactly(1), EXAMPLE_S)
        await eventually(lambda: held(simulator) == 1)
        await proxy.cut()
        await eventually(lambda: proxy.connections == 2)
        open_gate(simulator)
        printed = (begun + (await asyncio.wait_for(running.communicate(), EXAMPLE_S))[0]).decode()
    assert running.returncode == 0, printed
    [conversation] = (await chat.get("/api/conversations"))["items"]
    _, stored = await chat.messages(conversation["id"])
    assert printed == f"{stored['content']}\ncost: {stored['receipt']['cost']}\n"
    assert simulator.calls()["started"] == 1


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not installed")
async def test_the_shell_examples_run(live_server: Served) -> None:
    script = "\n".join(examples("sh"))
    running = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        env=example_environment(str(live_server.client.base_url), "reader@example.com"),
        stdout=PIPE,
        stderr=STDOUT,
    )
    printed = (await asyncio.wait_for(running.communicate(), EXAMPLE_S))[0].decode()
    assert running.returncode == 0, printed
    assert '"email":"reader@example.com"' in printed
    assert '"model_used": "openai/' in printed
    assert '"agent_type": "quinn"' in printed
    assert "event: done" in printed


def test_the_table_of_errors_is_complete() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.+) \|$", DOCUMENT, re.M)
    assert [(code, int(status), meaning) for code, status, meaning in rows] == [
        (row.code, row.status, row.meaning) for row in CODES
    ]


def test_the_routes_that_it_names_exist() -> None:
    named = re.findall(r"`(GET|POST|DELETE) (/?(?:api|chat|metrics|performance)[^`?\s]*)", DOCUMENT)
    assert len(named) > 10
    known = {(operation.method, operation.path) for operation in operations(create_app(Settings()).openapi())}
    known = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in known}
    for method, path in named:
        whole = path if path.startswith("/") else f"/api/ai/v4/{path}"
        assert (method, re.sub(r"\{\w+\}", "{}", whole)) in known, path
