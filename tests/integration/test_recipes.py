"""The recipes of docs/architecture.md, followed in a copy of the backend: each works by touching one place."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.config import Settings
from tests.conftest import MakeSettings
from tests.servers import SimulatorHandle
from tests.support.application import environment

ROOT = Path(__file__).resolve().parents[2]

PREAMBLE = """
import asyncio
from backend.config import Settings
from tests.support.application import serve
from tests.support.chat import Chat

async def main():
    async with serve(Settings()) as served:
        chat = Chat(served, await served.new_user())
        await check(served, chat)

{check}
asyncio.run(main())
"""

SIXTH_AGENT = """    Agent(
        "nova", "Nova", "Astronomer", "Explains the sky.",
        "You are Nova, an astronomer. You explain the sky.", 0.3, "small",
    ),
)

AGENTS_BY_ID"""

EXAMPLES = """\
{"text": "Which telescope do I need to see the nebula in Orion?", "language": "en"}
{"text": "how far away is the nearest quasar", "language": "en"}
{"text": "jaki teleskop pokaże mgławicę", "language": "pl"}
{"terms": ["nebula", "quasar", "telescope", "teleskop", "mgławica", "observatory"]}
"""

CHECK_AGENT = """
async def check(served, chat):
    assert (await chat.get("/api/ai/v4/agents/available"))["agents"][-1]["id"] == "nova"
    assert (await chat.ask("Which telescope shows a nebula?"))["agent"]["id"] == "nova"
    assert (await chat.ask("hi", agent_type="nova"))["agent"]["role"] == "Astronomer"
    team = await chat.ask("Plan an observatory", "chat/multi-agent")
    assert team["agents_used"][-1] == "nova" and len(team["agents_used"]) == 6
    rows = (await chat.get("/api/ai/v4/analytics/user"))["usage_data"]
    assert "nova" in {row["agent"] for row in rows}
"""

SECOND_VENDOR = '''"""A vendor that echoes."""

from backend.services.llm.endpoint import Endpoint
from backend.services.llm.scripted import Reply, ScriptedProvider


def open_echo(endpoint: Endpoint) -> ScriptedProvider:
    return ScriptedProvider(script=lambda request: Reply(("echo: ", request.messages[-1].content)))
'''

CHECK_VENDOR = """
async def check(served, chat):
    assert (await chat.ask("one two"))["content"] == "echo: one two"
"""

NEW_ENDPOINT = '''

@router.get("/agents/count")
async def count_agents(_: AnyCaller) -> int:
    """How many agents there are."""
    return len(AGENTS)
'''

CHECK_ENDPOINT = """
async def check(served, chat):
    assert await chat.get("/api/ai/v4/agents/count") == 5
    assert (await served.client.get("/api/ai/v4/agents/count")).status_code == 401
    assert "/api/ai/v4/agents/count" in (await served.client.get("/openapi.json")).json()["paths"]
"""


@pytest.fixture
def app_settings(settings: MakeSettings, redis_url: str, simulator: SimulatorHandle) -> Settings:
    return settings(
        mongo_url="memory://", redis_url=redis_url, redis_timeout=2.0, groq_base_url=simulator.url, groq_api_key="tests"
    )


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "backend", tmp_path / "backend", ignore=shutil.ignore_patterns("__pycache__"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def run(backend: Path, settings: Settings, check: str) -> None:
    """Runs the check in a process that imports the changed copy."""
    path = f"{backend.parent}:{ROOT}"
    done = subprocess.run(
        [sys.executable, "-P", "-c", PREAMBLE.format(check=check)],
        env={**environment(settings), "PYTHONPATH": path},
        cwd=backend.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def train_agents(backend: Path, examples: Path) -> None:
    command = ["scripts/train_router.py", "agents", "--examples", str(examples)]
    table = ["--table", str(backend / "domain" / "routing" / "tables" / "agents.json")]
    subprocess.run([sys.executable, *command, *table], cwd=ROOT, capture_output=True, timeout=60, check=True)


def test_a_sixth_agent_is_one_row_and_its_examples(backend: Path, tmp_path: Path, app_settings: Settings) -> None:
    replace(backend / "domain" / "agents.py", ")\n\nAGENTS_BY_ID", SIXTH_AGENT)
    examples = shutil.copytree(ROOT / "tests" / "data" / "agents", tmp_path / "agents")
    (examples / "nova.jsonl").write_text(EXAMPLES)
    train_agents(backend, examples)
    run(backend, app_settings, CHECK_AGENT)


def test_a_second_vendor_is_one_file_and_one_row(backend: Path, app_settings: Settings) -> None:
    (backend / "services" / "llm" / "echo.py").write_text(SECOND_VENDOR)
    registry = backend / "services" / "llm" / "registry.py"
    replace(registry, '    "direct": _open_direct,\n', '    "direct": _open_direct,\n    "echo": open_echo,\n')
    replace(
        registry,
        "from backend.services.llm.endpoint",
        "from backend.services.llm.echo import open_echo\nfrom backend.services.llm.endpoint",
    )
    run(backend, app_settings.model_copy(update={"groq_transport": "echo"}), CHECK_VENDOR)


def test_an_endpoint_is_one_function(backend: Path, app_settings: Settings) -> None:
    routes = backend / "routes" / "catalogue.py"
    routes.write_text(routes.read_text() + NEW_ENDPOINT)
    run(backend, app_settings, CHECK_ENDPOINT)
