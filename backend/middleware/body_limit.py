"""No request body beyond a limit: refused by its declared length, or counted while it arrives."""

import asyncio
from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import PayloadTooLarge
from backend.middleware.answers import send_end, send_problem

MAX_BODY_BYTES = 1_000_000
MAX_DISCARDED_BYTES = 8_000_000
DISCARD_SECONDS = 2.0
MAX_LENGTH_DIGITS = 18


class BodyLimitMiddleware:
    """Answers 413 and holds no more than max_bytes of a body, chunked or not. larger: path -> its own limit."""

    def __init__(
        self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES, larger: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.max_bytes)
        if _declared_length(scope) > limit:
            await self._refuse(scope, receive, send, limit)
            return
        await self._count(scope, receive, send, limit)

    async def _count(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        arrived = 0
        refused = started = False

        async def receive_counted() -> Message:
            nonlocal arrived, refused
            if refused:
                return {"type": "http.disconnect"}
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                refused = True
                if not started:
                    await self._refuse(scope, receive, send, limit)
                # The inner application must not go on with half a body: for it the client is gone.
                return {"type": "http.disconnect"}
            return message

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if refused and not started:
                return
            started = True
            await send(message)

        await self.app(scope, receive_counted, send_unless_refused)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """The answer goes out before the rest of the body is read, and the connection ends after it.

        What is still arriving is dropped for a while: a client that is cut off in the middle of sending sees a reset
        connection instead of the answer.
        """
        error = PayloadTooLarge(f"A request body may have at most {limit} bytes.")
        await send_problem(scope, send, error, close=True)
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                await _discard(receive)
        except TimeoutError:
            pass  # a slow sender: it had its answer, the connection closes now
        await send_end(send)


async def _discard(receive: Receive) -> None:
    discarded = 0
    while discarded < MAX_DISCARDED_BYTES:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        discarded += len(message.get("body", b""))


def _declared_length(scope: Scope) -> float:
    """0 where none is declared. The server has refused what is no number; one too long to parse is too large."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value) if len(value) <= MAX_LENGTH_DIGITS else inf
    return 0
