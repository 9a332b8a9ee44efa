"""Load: what is sent, what is counted, and what a broken server does to the figures."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmark.errors import BenchmarkError
from benchmark.load import Requests, generate, offer
from benchmark.load.generator import complete, percentile
from benchmark.load.requests import UNIQUE
from benchmark.load.result import read_report

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"
SECONDS = 0.05


class Server:
    """Answers every request with the next answer, the last one for ever; an empty one closes the connection."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.heads: list[str] = []
        self.bodies: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                self.heads.append(head)
                self.bodies.append((await reader.readexactly(length)).decode())
                answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
                if not answer:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[str]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/ask"
    finally:
        listener.close()


async def test_requests_differ_and_tokens_take_turns() -> None:
    server = Server(ANSWER)
    async with listening(server) as url:
        requests = Requests(url, f'{{"message": "{UNIQUE}"}}', ["one", "two"], [("x-provider", "openai")])
        load = await generate(requests, 2, SECONDS)
    assert load.answers == len(server.bodies) == len(set(server.bodies)) >= 2
    assert load.errors == 0
    assert 0 < load.p50_s <= load.p99_s < load.seconds
    assert load.rate == load.answers / load.seconds
    assert {"one", "two"} == {head.partition("bearer ")[2].partition("\r\n")[0] for head in server.heads}
    assert all(head.startswith("post /ask http/1.1\r\n") and "x-provider: openai" in head for head in server.heads)


async def test_no_load_repeats_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.load.run.wrk_program", lambda: None)
    server = Server(ANSWER)
    async with listening(server) as url:
        requests = Requests(url, UNIQUE)
        for _ in range(2):
            await offer(requests, 1, SECONDS)
    assert len(set(server.bodies)) == len(server.bodies) >= 2


@pytest.mark.parametrize(
    "answer", [ANSWER, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
)
def test_an_answer_is_complete_with_its_last_byte(answer: bytes) -> None:
    assert [length for length in range(len(answer) + 1) if complete(answer[:length])] == [len(answer)]


def test_an_answer_of_unknown_length_is_refused() -> None:
    with pytest.raises(BenchmarkError):
        complete(b"HTTP/1.1 200 OK\r\n\r\n")


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        for part in (ANSWER[:20], ANSWER[20:-1], ANSWER[-1:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/ask"
        load = await generate(Requests(url, "{}"), 1, 0)
    assert (load.answers, load.errors) == (1, 0)


async def test_refusals_and_broken_connections_are_counted() -> None:
    async with listening(Server(REFUSAL, b"")) as url:
        load = await generate(Requests(url, "{}"), 1, 10)
    assert (load.answers, load.refusals, load.broken) == (1, 1, 1)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([1.0, 2.0, 3.0], share) for share in (0.5, 0.99)] == [2.0, 3.0]
    assert percentile([], 0.5) == 0.0


@pytest.mark.parametrize("output", ["", "unable to connect", '{"answers": 1}'])
def test_a_report_that_cannot_be_read_is_said(output: str) -> None:
    with pytest.raises(BenchmarkError):
        read_report(output)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
async def test_wrk_offers_the_same_load() -> None:
    server = Server(REFUSAL, ANSWER)
    async with listening(server) as url:
        requests = Requests(url, f'{{"message": "{UNIQUE} 100%"}}', ["one", "two"], [("x-provider", "openai")])
        load = await offer(requests, 2, 1)
    assert (load.refusals, load.broken) == (1, 0)
    assert len(set(server.bodies)) == len(server.bodies) >= load.answers > 2
    assert all(body.endswith(' 100%"}') for body in server.bodies)
    assert {"one", "two"} == {head.partition("bearer ")[2].partition("\r\n")[0] for head in server.heads}
    assert all(head.startswith("post /ask http/1.1\r\n") and "x-provider: openai" in head for head in server.heads)
