"""scripts/converse.py against a real server, and its client against servers that misbehave."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from backend.config import Settings
from converse.client import Client, RequestFailed, open_http
from converse.pace import Pace
from converse.receipts import ReceiptError
from tests.conftest import MakeSettings
from tests.servers import SimulatorHandle
from tests.support.application import PASSWORD, Served, serve_process
from tests.support.waiting import eventually

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "converse.py"
QUESTIONS = (
    {"category": "coding", "turns": ["Write a Python function that adds.", "Now make it recursive."]},
    {"category": "writing", "turns": ["Write a blog post about Hawaii.", "Shorter, please."]},
)


@pytest.fixture
def server_settings(settings: MakeSettings, mongo_url: str, redis_url: str, simulator: SimulatorHandle) -> MakeSettings:
    def make(**fields: object) -> Settings:
        defaults = {
            "mongo_url": SecretStr(mongo_url),
            "redis_url": SecretStr(redis_url),
            "redis_timeout": 1.0,
            "groq_base_url": simulator.url,
            "groq_api_key": SecretStr("a key for the simulator"),
            "limit_chat": None,
            "mongo_pool_min": 0,
        }
        return settings(**{**defaults, **fields})

    return make


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    report: str
    progress: str


async def converse(served: Served, folder: Path, *arguments: str) -> Finished:
    questions = folder / "questions.jsonl"
    questions.write_text("\n".join(json.dumps(row) for row in QUESTIONS))
    settings = served.settings
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), "--questions", str(questions), "--url", str(served.client.base_url)),
        *("--mongo-url", settings.mongo_url.get_secret_value(), "--mongo-db", settings.mongo_db, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    report, progress = await process.communicate()
    return Finished(process.returncode or 0, report.decode(), progress.decode())


async def test_a_run_proves_the_ledger_and_finds_everything_in_the_cache(
    server_settings: MakeSettings, tmp_path: Path
) -> None:
    async with serve_process(server_settings(), tmp_path / "worker.log") as served:
        finished = await converse(served, tmp_path)
    assert finished.code == 0, finished.report + finished.progress
    assert "2 questions, 18 turns" in finished.report
    assert "18/18" in finished.progress
    assert "| chat/optimized | 2 | 2 | 0 | 0 | 0 | 0 | 100.0% |" in finished.report
    assert "| chat/multi-agent | 2 | 0 | 0 | 0 | 0 | 2 | 100.0% |" in finished.report
    assert "Equal to the last digit." in finished.report


async def test_limits_are_waited_for_and_an_account_may_have_a_history(
    server_settings: MakeSettings, tmp_path: Path
) -> None:
    async with serve_process(server_settings(limit_chat=(5, 1)), tmp_path / "worker.log") as served:
        account = await served.new_user()
        said = {"message": "Good morning"}
        (await served.client.post("/api/ai/v4/chat/quick", json=said, headers=account.headers)).raise_for_status()
        credentials = ("--email", account.email, "--password", PASSWORD)
        finished = await converse(served, tmp_path, *credentials, "--limit", "1")
    assert finished.code == 0, finished.report + finished.progress
    assert "Equal to the last digit." in finished.report
    assert "The server asked 0 times" not in finished.report


async def test_an_upstream_that_fails_fails_the_run(
    server_settings: MakeSettings, simulator: SimulatorHandle, tmp_path: Path
) -> None:
    simulator.control.post("/faults", json={"fault": "400", "count": 1000}).raise_for_status()
    async with serve_process(server_settings(), tmp_path / "worker.log") as served:
        finished = await converse(served, tmp_path, "--limit", "1")
    assert finished.code == 1
    assert "upstream_error" in finished.report


async def test_a_ledger_that_was_tampered_with_is_noticed(server_settings: MakeSettings, tmp_path: Path) -> None:
    """One pico-dollar too many, written by a hand that comes in between: the run sees it."""
    settings = server_settings()
    mongo = settings.mongo_url.get_secret_value()
    async with (
        serve_process(settings, tmp_path / "worker.log") as served,
        AsyncMongoClient[dict[str, object]](mongo) as client,
    ):
        running = asyncio.create_task(converse(served, tmp_path))
        ledger = client[settings.mongo_db]["ai_usage"]

        async def tampered() -> bool:
            return bool((await ledger.update_one({"cost": {"$gt": 0}}, {"$inc": {"cost": 1}})).modified_count)

        await eventually(tampered, 60.0)
        finished = await running
    assert finished.code == 1
    assert "The books differ" in finished.report


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps(QUESTIONS[0]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), "--questions", str(questions), "--url", "http://127.0.0.1:9"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await process.communicate()
    assert process.returncode == 2
    assert error.decode().startswith("no answer: ")


class Scripted:
    """A server that signs everybody in and answers chats as it is told, one after another."""

    def __init__(self, *answers: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._answers = list(answers)
        self.tokens: list[str] = []
        self.sign_ins = 0

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        self.sign_ins += 1
        return web.json_response({"access_token": f"token {self.sign_ins}", "user": {"id": "usr_1"}})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers["Authorization"])
        return await self._answers.pop(0)(request)


def refusing(status: int, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": status, "code": "no", "detail": "No."}, status=status, headers=headers)

    return answer


def streaming(*events: str, cut: bool = False) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            await response.write(event.encode())
        if cut and request.transport:
            request.transport.abort()
        return response

    return answer


RECEIPT = {
    "conversation_id": "conv_1",
    "agent": {"id": "dev"},
    "model_used": "small",
    "tokens_used": 3,
    "cost": "0.000001",
    "baseline_cost": "0.000002",
    "cached": False,
    "cache": None,
}
TOKEN = 'id: 1\nevent: token\ndata: {"content": "a"}\n\n'
DONE = f"id: 2\nevent: done\ndata: {json.dumps(RECEIPT)}\n\n"


@asynccontextmanager
async def client_of(server: Scripted, pace: Pace) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_post("/api/auth/login", server.sign_in)
    app.router.add_post("/api/ai/v4/chat/{mode}", server.chat)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        async with open_http(f"http://{host}:{port}", 4) as http:
            client = Client(http, "a@example.com", "password", pace)
            await client.sign_in()
            yield client
    finally:
        await runner.cleanup()


async def test_a_token_that_ran_out_is_renewed_once() -> None:
    server = Scripted(refusing(401), streaming(TOKEN, DONE), refusing(401), refusing(401))
    async with client_of(server, Pace(1.0)) as client:
        answer = await client.ask("stream", "hello", None)
        assert answer.receipt.cost == 1_000_000
        assert answer.first_token_s is not None
        assert 0 < answer.first_token_s <= answer.seconds
        with pytest.raises(RequestFailed, match="401 no: No"):
            await client.ask("stream", "hello", None)
    assert server.tokens == ["Bearer token 1", "Bearer token 2", "Bearer token 2", "Bearer token 3"]


async def test_the_wait_is_not_part_of_the_latency() -> None:
    slept: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    server = Scripted(refusing(429, **{"Retry-After": "30"}), refusing(503, **{"Retry-After": "5"}), streaming(DONE))
    async with client_of(server, Pace(60.0, sleep, lambda: now)) as client:
        answer = await client.ask("stream", "hello", "conv_1")
    assert slept == [30.0, 5.0]
    assert answer.seconds < 30
    assert answer.first_token_s is None


PROBLEM = 'event: error\ndata: {"status": 502, "code": "upstream_error", "detail": "It failed."}\n\n'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (streaming(TOKEN, PROBLEM), "502 upstream_error: It failed."),
        (streaming(TOKEN), "ended without its receipt"),
        (streaming(TOKEN, cut=True), "no answer"),
        (refusing(503), "503 no: No."),
    ],
)
async def test_a_stream_that_fails_is_an_error(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], error: str
) -> None:
    async with client_of(Scripted(answer), Pace(1.0)) as client:
        with pytest.raises(RequestFailed, match=error):
            await client.ask("stream", "hello", None)


async def test_an_answer_that_is_no_json_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>")

    async with client_of(Scripted(answer), Pace(1.0)) as client:
        with pytest.raises(ReceiptError, match="no JSON"):
            await client.ask("optimized", "hello", None)
