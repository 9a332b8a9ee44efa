"""One HTTP/1.1 connection: httptools on an asyncio protocol, far leaner than a framework.

A request that can be answered at once is answered without a task; every other one runs in a task that belongs to its
connection (Connection.run) and is cancelled the moment the client goes.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
import structlog

log = structlog.get_logger()
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
OTHER_REASONS = {498: "Capacity Exceeded", 499: "Client Closed Request"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """path: decoded, without its query. headers: lower-case names. oversized: the body was thrown away."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    oversized: bool

    def header(self, name: str) -> str:
        return self.headers.get(name.encode(), b"").decode("latin-1")


Responder = Callable[[HttpRequest, "Connection"], None]
Work = Coroutine[Any, Any, bool]


def _status_line(status: int) -> bytes:
    reason = OTHER_REASONS.get(status) or HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {reason}\r\n".encode()


def _head(status: int, headers: Mapping[str, str], framing: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return _status_line(status) + f"{lines}{framing}\r\n\r\n".encode()


def chunked(data: bytes) -> bytes:
    """One chunk of the chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Connection(asyncio.Protocol):
    """Reads requests, hands them to the responder one after another, and writes what it answers."""

    def __init__(self, respond: Responder, open_connections: set["Connection"], max_body: int) -> None:
        self._respond = respond
        self._open_connections = open_connections
        self._max_body = max_body
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[bool] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_connections.discard(self)
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(_head(400, {}, "content-length: 0\r\nconnection: close"))
            self._transport.close()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What httptools calls.

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= self._max_body:
            self._body.append(body)

    def on_message_complete(self) -> None:
        request = HttpRequest(
            self._parser.get_method().decode("latin-1"),
            unquote(self._url.decode("latin-1").partition("?")[0]),
            self._headers,
            b"".join(self._body),
            self._size > self._max_body,
        )
        if self._task is None:
            self._respond(request, self)
        else:
            self._waiting.append(request)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("simulator_failed", exc_info=error)
            self.reset()
        while self._waiting and self._task is None:
            self._respond(self._waiting.popleft(), self)

    # What the endpoints call.

    def run(self, work: Work, ended: Callable[[asyncio.Task[bool]], None]) -> None:
        """Answers in a task of this connection; ended is called when it is over, even if it never began."""
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(ended)
        self._task.add_done_callback(self._ended)

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer."""
        self._transport.write(_head(status, headers, f"content-length: {len(body)}") + body)

    def send_partly(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """The head of an answer and half of its body."""
        self._transport.write(_head(status, headers, f"content-length: {len(body)}") + body[: len(body) // 2])

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of a chunked answer; then write() chunks, then finish()."""
        self._transport.write(_head(status, headers, "transfer-encoding: chunked"))

    def write(self, data: bytes) -> None:
        self._transport.write(chunked(data))

    def write_all(self, pieces: list[bytes]) -> None:
        """Many chunks by one write to the socket."""
        self._transport.write(b"".join(map(chunked, pieces)))

    async def drain(self) -> None:
        """Waits while the client reads too slowly."""
        await self._writable.wait()

    def finish(self) -> None:
        self._transport.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """Closes with a TCP reset, as a crashed upstream does."""
        if (sock := self._transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._transport.abort()

    async def close(self) -> None:
        """Drops the connection and waits for the end of its task."""
        task = self._task
        self._transport.abort()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
