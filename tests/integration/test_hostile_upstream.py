"""Whatever an upstream sends, callers meet Aether's own errors, and no broken answer is taken for a whole one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from backend.errors import AetherError, UpstreamError
from backend.services.llm.provider import ChatMessage, ChatRequest, Completion, Provider
from backend.services.llm.registry import TRANSPORTS, open_provider

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
EVENTS_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
NESTED = b"[" * 200_000

ANSWERS = {
    "nothing": b"",
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "short body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{}",
    "broken chunks": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\nplain text",
    "empty json": JSON_HEAD,
    "null": JSON_HEAD + b"null",
    "number": JSON_HEAD + b"5",
    "list": JSON_HEAD + b"[]",
    "no choices": JSON_HEAD + b'{"choices": []}',
    "no message": JSON_HEAD + b'{"choices": [{"finish_reason": "stop"}]}',
    "wrong content": JSON_HEAD + b'{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}',
    "deep json": JSON_HEAD + NESTED,
    "no text": JSON_HEAD + b"\xff\xfe",
    "error page": b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + b"<p>" * 100_000,
    "deep error": b"HTTP/1.1 400 Oops\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + NESTED,
    "no event": EVENTS_HEAD,
    "only done": EVENTS_HEAD + b"data: [DONE]\n\n",
    "event is a number": EVENTS_HEAD + TOKEN + b"data: 5\n\n" + LAST,
    "event is null": EVENTS_HEAD + TOKEN + b"data: null\n\n" + LAST,
    "event is deep": EVENTS_HEAD + b"data: " + NESTED + b"\n\n",
    "event is no text": EVENTS_HEAD + b"data: \xff\xfe\n\n",
    "done too early": EVENTS_HEAD + TOKEN + b"data: [DONE]\n\n",
    "ends in a token": EVENTS_HEAD + TOKEN + TOKEN[:40],
    "error event": EVENTS_HEAD + TOKEN + b'data: {"error": "out of memory"}\n\n',
}


@asynccontextmanager
async def answering(answer: bytes, *, keep_open: bool = False) -> AsyncIterator[str]:
    """The URL of a server that sends these bytes to every request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            while keep_open and await reader.read(65_536):
                pass
        except OSError:
            pass  # the client may leave before it has read everything
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def opened(transport: str, url: str) -> AsyncIterator[Provider]:
    provider = open_provider(transport, url, "key", loopback_only=True)
    try:
        yield provider
    finally:
        await provider.close()


def ask() -> ChatRequest:
    return ChatRequest("any", (ChatMessage("user", "hello"),), 0.2, 10, time.monotonic() + 10.0)


async def read(provider: Provider) -> str:
    async with aclosing(provider.stream(ask())) as chunks:
        return "".join([chunk.content async for chunk in chunks])


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
@pytest.mark.parametrize("name", sorted(ANSWERS))
async def test_only_errors_of_our_own_come_out(transport: str, name: str) -> None:
    async with answering(ANSWERS[name]) as url, opened(transport, url) as provider, asyncio.timeout(5.0):
        with pytest.raises(AetherError):
            await read(provider)
        with pytest.raises(AetherError):
            await provider.complete(ask())
        with pytest.raises(AetherError):
            await provider.models(5.0)


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
async def test_a_finished_stream_needs_no_done(transport: str) -> None:
    async with answering(EVENTS_HEAD + b": hello\n\n" + TOKEN + LAST) as url, opened(transport, url) as provider:
        assert await read(provider) == "Hi"


async def test_a_connection_left_open_after_done_delays_nobody() -> None:
    answer = EVENTS_HEAD.replace(b"Connection: close\r\n", b"") + TOKEN + LAST + b"data: [DONE]\n\n"
    async with answering(answer, keep_open=True) as url, opened("direct", url) as provider, asyncio.timeout(2.0):
        assert await read(provider) == "Hi"


async def test_a_server_that_reports_no_usage_is_taken_at_its_word() -> None:
    body = b'{"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}'
    async with answering(JSON_HEAD + body) as url, opened("direct", f"{url}/v1") as provider:
        assert await provider.complete(ask()) == Completion("Hi", "stop", None, "any")


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
async def test_an_endless_body_is_not_read_to_its_end(transport: str) -> None:
    async with answering(JSON_HEAD + b'{"x":"' + b"y" * (20 * 1024 * 1024)) as url, opened(transport, url) as provider:
        with pytest.raises(UpstreamError):
            await provider.complete(ask())


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        b'{"error": {"message": "You sent: zebra", "type": "zebra", "code": "zebra", "failed_generation": "zebra"}}',
        EVENTS_HEAD + TOKEN + b'data: {"error": {"message": "You sent: zebra", "status_code": 400}}\n\n',
    ],
    ids=["status", "event"],
)
async def test_what_a_vendor_repeats_of_a_prompt_in_an_error_goes_no_further(transport: str, answer: bytes) -> None:
    async with answering(answer) as url, opened(transport, url) as provider:
        with pytest.raises(AetherError) as caught:
            await read(provider)
    assert "zebra" not in f"{caught.value.detail} {caught.value.code} {dict(caught.value.extensions)}"
