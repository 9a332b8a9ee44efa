"""One kept-alive HTTP/1.1 connection on an asyncio protocol: a fraction of what a client library costs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import urlsplit

import httptools
import orjson

Sink = Callable[[bytes], None]
"""Receives the pieces of a body as they arrive."""


@dataclass(frozen=True, slots=True)
class Answer:
    """body: empty where it went to a sink."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One request at a time. Raises ConnectionError where the server ends it before its answer is whole."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[Answer] | None = None
        self._sink: Sink = _ignore
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str) -> Self:
        """url: of the server, without a path."""
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, parts.hostname or "", parts.port or 80)
        return connection

    async def ask(self, request: bytes, sink: Sink | None = None) -> Answer:
        """The answer to a whole request, head and body."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the connection has ended")
        pieces: list[bytes] = []
        self._sink = pieces.append if sink is None else sink
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answer
        return Answer(answer.status, b"".join(pieces))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server ended the connection"))

    # What httptools calls.

    def on_body(self, body: bytes) -> None:
        self._sink(body)

    def on_message_complete(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), b""))


def _ignore(_: bytes) -> None:
    """Nobody asked for this."""


def post(path: str, body: object, token: str = "") -> bytes:
    """A POST with a JSON body."""
    return _request("POST", path, token, orjson.dumps(body))


def get(path: str, token: str = "") -> bytes:
    return _request("GET", path, token)


def _request(method: str, path: str, token: str, body: bytes | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
