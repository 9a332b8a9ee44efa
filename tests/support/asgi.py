"""Drives an ASGI application by hand, where an HTTP client would hide what matters."""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"fine"})


async def echo_length(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body and answers its length; leaves without an answer where the client is gone."""
    total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        total += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(total).encode()})


async def request(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/",
    *,
    headers: dict[str, str] | None = None,
    content: bytes | AsyncIterable[bytes] | None = None,
    base_url: str = "http://aether.example",
    client: str = "127.0.0.1",
) -> httpx.Response:
    """client: the address that it comes from."""
    transport = httpx.ASGITransport(app, client=(client, 123))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as http:
        return await http.request(method, path, headers=headers, content=content)


@dataclass
class Exchange:
    """One request, message by message."""

    incoming: Iterable[Message]
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    received: int = 0

    async def run(self, app: ASGIApp) -> None:
        messages = iter(self.incoming)

        async def receive() -> Message:
            message = next(messages, {"type": "http.disconnect"})
            self.received += len(message.get("body", b""))
            return message

        async def send(message: Message) -> None:
            self.sent.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "scheme": "http",
            "headers": self.headers,
            "http_version": "1.1",
        }
        await app(scope, receive, send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])
