"""The simulator as its users meet it: the plain groq SDK, raw HTTP, and the process itself."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import groq
import httpx
import orjson
import pytest

from tests.servers import SimulatorHandle

ROOT = Path(__file__).resolve().parents[2]
MODEL = "openai/gpt-oss-20b"
QUESTION: list[Any] = [{"role": "system", "content": "You are Dev."}, {"role": "user", "content": "Reverse a list"}]
BODY = {"model": MODEL, "messages": QUESTION}
KEY = {"Authorization": "Bearer key"}
PATIENCE_S = 15.0


@pytest.fixture
async def http(simulator: SimulatorHandle) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.url, headers=KEY, timeout=PATIENCE_S) as client:
        yield client


@contextmanager
def running(tmp_path: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The script as a process of its own, with its URL."""
    ready = tmp_path / "ready.json"
    command = [sys.executable, "scripts/groq_simulator.py", "--port", "0", "--ready-file", str(ready), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            give_up = time.monotonic() + PATIENCE_S
            while not ready.exists():
                assert process.poll() is None, "the simulator ended before it was ready"
                assert time.monotonic() < give_up, "the simulator is not ready"
                time.sleep(0.01)
            told = orjson.loads(ready.read_bytes())
            assert told["pid"] == process.pid
            yield process, f"http://127.0.0.1:{told['port']}"
        finally:
            process.kill()


class TestTheSdkWithItsOwnDefaults:
    """As its documentation has it: only key and base URL are given."""

    @pytest.fixture
    async def client(self, simulator: SimulatorHandle) -> AsyncIterator[groq.AsyncGroq]:
        async with groq.AsyncGroq(api_key="key", base_url=simulator.url) as client:
            yield client

    async def test_completion(self, client: groq.AsyncGroq) -> None:
        answer = await client.chat.completions.create(model=MODEL, messages=QUESTION, reasoning_effort="high")
        message, usage = answer.choices[0].message, answer.usage
        assert "imulated" in (message.content or "")
        assert message.reasoning
        assert usage
        assert usage.prompt_tokens_details
        assert usage.completion_tokens_details
        assert usage.prompt_tokens_details.cached_tokens == 0
        assert usage.completion_tokens_details.reasoning_tokens > 0
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
        assert usage.queue_time is not None
        assert answer.x_groq
        assert answer.x_groq.id
        assert answer.system_fingerprint
        assert answer.service_tier

    async def test_stream(self, client: groq.AsyncGroq) -> None:
        stream = await client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
        chunks = [chunk async for chunk in stream]
        assert len({chunk.id for chunk in chunks}) == 1
        assert chunks[0].x_groq
        assert chunks[-1].x_groq
        assert chunks[0].x_groq.id == chunks[-1].x_groq.id is not None
        assert [chunk for chunk in chunks[1:-1] if chunk.x_groq] == []
        assert chunks[-1].choices[0].finish_reason == "stop"
        usage = chunks[-1].x_groq.usage
        assert usage
        pieces = [chunk.choices[0].delta for chunk in chunks]
        assert usage.completion_tokens == sum(bool(piece.content or piece.reasoning) for piece in pieces)
        whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert "".join(piece.content or "" for piece in pieces) == whole.choices[0].message.content

    async def test_its_own_retries_recover(self, client: groq.AsyncGroq, simulator: SimulatorHandle) -> None:
        simulator.control.post("/faults", json={"fault": "503", "count": 1}).raise_for_status()
        await client.chat.completions.create(model=MODEL, messages=QUESTION)
        assert simulator.calls()["started"] == 2

    async def test_errors_arrive_as_its_own(self, client: groq.AsyncGroq) -> None:
        with pytest.raises(groq.BadRequestError, match="decommissioned"):
            await client.chat.completions.create(model="mixtral-8x7b-32768", messages=QUESTION)
        with pytest.raises(groq.NotFoundError):
            await client.chat.completions.create(model="no/such-model", messages=QUESTION)
        with pytest.raises(groq.BadRequestError):
            await client.chat.completions.create(model=MODEL, messages=QUESTION, reasoning_effort="none")
        with pytest.raises(groq.AuthenticationError):
            await client.with_options(api_key="invalid").models.list()

    async def test_models(self, client: groq.AsyncGroq) -> None:
        served = {model.id for model in (await client.models.list()).data}
        assert MODEL in served
        assert "mixtral-8x7b-32768" not in served
        assert (await client.models.retrieve(MODEL)).id == MODEL


class TestHttp:
    async def test_a_key_is_required(self, simulator: SimulatorHandle) -> None:
        async with httpx.AsyncClient(base_url=simulator.url) as client:
            answer = await client.post("/openai/v1/chat/completions", json=BODY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")

    async def test_limits_are_told(self, http: httpx.AsyncClient) -> None:
        headers = (await http.post("/openai/v1/chat/completions", json=BODY)).headers
        names = [
            f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")
        ]
        assert all(headers.get(name) for name in names)

    async def test_a_fault_by_header_strikes_this_request_only(self, http: httpx.AsyncClient) -> None:
        asked = {"X-Simulator-Fault": "429; retry_after=3"}
        struck = await http.post("/openai/v1/chat/completions", json=BODY, headers=asked)
        assert (struck.status_code, struck.headers["retry-after"]) == (429, "3")
        assert (await http.post("/openai/v1/chat/completions", json=BODY)).status_code == 200
        wrong = await http.post("/openai/v1/chat/completions", json=BODY, headers={"X-Simulator-Fault": "nonsense"})
        assert wrong.status_code == 400

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
    async def test_a_body_that_is_no_json_object(self, http: httpx.AsyncClient, body: bytes) -> None:
        assert (await http.post("/openai/v1/chat/completions", content=body)).status_code == 400

    async def test_a_body_past_the_limit(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/openai/v1/chat/completions", content=b"x" * (5 * 1024 * 1024))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")

    async def test_other_addresses(self, http: httpx.AsyncClient) -> None:
        for path in ("/", "/openai/v1/chat/completions", "/simulator/nothing"):
            assert (await http.get(path)).status_code == 404

    async def test_usage_on_request_comes_before_done(self, http: httpx.AsyncClient) -> None:
        body = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
        lines = [
            line for line in (await http.post("/openai/v1/chat/completions", json=body)).text.split("\n\n") if line
        ]
        assert lines[-1] == "data: [DONE]"
        extra = orjson.loads(lines[-2].removeprefix("data: "))
        assert extra["choices"] == []
        assert extra["usage"]["total_tokens"] > 0

    async def test_requests_sent_at_once_are_answered_in_order(self, simulator: SimulatorHandle) -> None:
        """Pipelining: the first is held, so the second must wait for it."""
        simulator.control.post("/gate", json={"open": False, "contains": "first"})
        host, port = httpx.URL(simulator.url).host, httpx.URL(simulator.url).port
        reader, writer = await asyncio.open_connection(host, port)
        for word in ("first", "second"):
            body = orjson.dumps({"model": MODEL, "messages": [{"role": "user", "content": f"the {word} question"}]})
            head = (
                f"POST /openai/v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer k\r\nContent-Length: {len(body)}"
            )
            writer.write(head.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            while simulator.control.get("/gate").json()["held"] == 0:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
            simulator.control.post("/gate", json={"open": True})
            text = b""
            while b"second question" not in text:
                text += await reader.read(65_536)
        assert text.index(b"first question") < text.index(b"second question")
        writer.close()
        await writer.wait_closed()

    async def test_programming_is_checked(self, simulator: SimulatorHandle) -> None:
        wrongs: list[object] = [{}, {"fault": "?"}, {"fault": "500", "count": 0}, {"fault": "500", "colour": "red"}, []]
        for wrong in wrongs:
            assert simulator.control.post("/faults", json=wrong).status_code == 400
        assert simulator.control.get("/faults").json() == {"faults": []}

    async def test_reset_forgets_everything(self, http: httpx.AsyncClient, simulator: SimulatorHandle) -> None:
        long = {"model": MODEL, "messages": [{"role": "user", "content": "again and again " * 100}]}
        for _ in range(2):
            usage = (await http.post("/openai/v1/chat/completions", json=long)).json()["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] > 0
        simulator.control.post("/faults", json={"fault": "500"}).raise_for_status()
        simulator.reset()
        usage = (await http.post("/openai/v1/chat/completions", json=long)).json()["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] == 0
        assert simulator.calls()["started"] == 1


class TestTheProcess:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_ends_at_once_and_quietly_with_calls_under_way(self, tmp_path: Path, number: signal.Signals) -> None:
        with running(tmp_path) as (process, url), httpx.Client(base_url=url, headers=KEY) as client:
            hanging = {"X-Simulator-Fault": "hang-mid-stream"}
            body = {**BODY, "stream": True}
            with client.stream("POST", "/openai/v1/chat/completions", json=body, headers=hanging) as response:
                next(response.iter_bytes())
                os.kill(process.pid, number)
                output, _ = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, output) == (0, b"")

    def test_a_port_that_is_taken_is_an_error(self, tmp_path: Path) -> None:
        with running(tmp_path) as (_, url):
            port = str(httpx.URL(url).port)
            command = [sys.executable, "-m", "backend.simulator", "--port", port]
            second = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=PATIENCE_S, check=False)
            assert second.returncode != 0

    def test_flags_set_pace_limits_and_faults(self, tmp_path: Path) -> None:
        flags = ("--ttft", "0.2", "--tokens-per-second", "1000", "--tokens-per-minute", "400", "--enforce-limits")
        with running(tmp_path, *flags) as (_, url), httpx.Client(base_url=url, headers=KEY) as client:
            started = time.monotonic()
            usage = client.post("/openai/v1/chat/completions", json=BODY).json()["usage"]
            assert time.monotonic() - started >= 0.2 + usage["completion_tokens"] / 1000
            assert usage["prompt_time"] >= 0.2
            refused = [client.post("/openai/v1/chat/completions", json=BODY).status_code for _ in range(4)]
            assert 429 in refused

    def test_a_fault_of_the_run_strikes_at_its_rate(self, tmp_path: Path) -> None:
        with running(tmp_path, "--fault", "500", "--fault-rate", "0.5", "--fast") as (_, url):
            with closing(httpx.Client(base_url=url, headers=KEY)) as client:
                statuses = [client.post("/openai/v1/chat/completions", json=BODY).status_code for _ in range(6)]
            assert sorted(statuses) == [200, 200, 200, 500, 500, 500]
