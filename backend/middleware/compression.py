"""Answers over a kilobyte are compressed for clients that take it, whole or while they are written.

Never event streams, which are read line by line, and never answers with tokens or keys in them.
"""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.middleware.encodings import ENCODERS, Encoder, chosen_encoding

MINIMUM_BYTES = 1024
THREAD_BYTES = 65_536
"""What takes longer than half a millisecond is done beside the event loop."""
COMPRESSIBLE = frozenset(
    {
        *("application/json", "application/problem+json", "application/manifest+json", "application/javascript"),
        *("text/html", "text/plain", "text/css", "text/javascript", "image/svg+xml"),
    }
)
SECRETS = "/api/auth/"
WITHOUT_SECRETS = frozenset({"/api/auth/me/export"})
"""A length that depends on a secret beside text of another's choosing tells the secret (BREACH)."""

OnCompressed = Callable[[str, int, int], None]
"""Receives the encoding, and the bytes of the body before and after."""


class CompressionMiddleware:
    """Outside of what makes ETags: they are weak, the same for every encoding."""

    def __init__(self, app: ASGIApp, on_compressed: OnCompressed) -> None:
        self.app = app
        self.on_compressed = on_compressed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or may_hold_secrets(scope["path"]):
            await self.app(scope, receive, send)
            return
        encoding = chosen_encoding(Headers(scope=scope).get("accept-encoding", ""))
        answer = _Answer(send, encoding, self.on_compressed, has_body=scope["method"] != "HEAD")
        await self.app(scope, receive, answer.send)


def may_hold_secrets(path: str) -> bool:
    return path.startswith(SECRETS) and path not in WITHOUT_SECRETS


class _Answer:
    """One answer on its way: it waits for the first piece of its body, then goes as it is, or compressed."""

    def __init__(self, send: Send, encoding: str | None, on_compressed: OnCompressed, *, has_body: bool) -> None:
        self._send = send
        self._encoding = encoding
        self._has_body = has_body
        self._on_compressed = on_compressed
        self._start: Message | None = None
        self._encoder: Encoder | None = None
        self._before = self._after = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is not None:
            await self._first(self._start, message)
        elif self._encoder and message["type"] == "http.response.body":
            await self._send(await self._encode(self._encoder, message))
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers = MutableHeaders(raw=message["headers"])
        if not _varies(message["status"], headers):
            await self._send(message)
            return
        if "accept-encoding" not in headers.get("vary", "").lower():
            headers.add_vary_header("Accept-Encoding")
        length = int(headers.get("content-length", MINIMUM_BYTES))
        wanted = self._encoding and message["status"] != 304 and length >= MINIMUM_BYTES
        if wanted and self._has_body:
            self._start = message
            return
        if wanted:
            del headers["content-length"]  # what a GET would have is not known
        await self._send(message)

    async def _first(self, start: Message, message: Message) -> None:
        self._start = None
        whole = message["type"] == "http.response.body" and not message.get("more_body", False)
        if message["type"] != "http.response.body" or (whole and len(message.get("body", b"")) < MINIMUM_BYTES):
            await self._send(start)
            await self._send(message)
            return
        self._encoder = ENCODERS[str(self._encoding)]()
        encoded = await self._encode(self._encoder, message)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-encoding"] = str(self._encoding)
        del headers["content-length"]
        if whole:
            headers["content-length"] = str(len(encoded["body"]))
        _weaken(headers)
        await self._send(start)
        await self._send(encoded)

    async def _encode(self, encoder: Encoder, message: Message) -> Message:
        body, more = message.get("body", b""), message.get("more_body", False)
        work = encoder.encode if more else encoder.finish
        encoded = await asyncio.to_thread(work, body) if len(body) >= THREAD_BYTES else work(body)
        self._before += len(body)
        self._after += len(encoded)
        if not more:
            self._on_compressed(str(self._encoding), self._before, self._after)
        return {**message, "body": encoded}


def _varies(status: int, headers: MutableHeaders) -> bool:
    """Whether another client may get this answer in another encoding; a 304 says so for the answer that it spares."""
    if status == 304:
        return True
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    as_it_is = "content-encoding" in headers or "content-range" in headers or status in (204, 206)
    return media_type in COMPRESSIBLE and not as_it_is and "no-transform" not in headers.get("cache-control", "")


def _weaken(headers: MutableHeaders) -> None:
    """A strong ETag promises the same bytes, which another encoding does not have."""
    etag = headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        headers["etag"] = f"W/{etag}"
    del headers["accept-ranges"]
