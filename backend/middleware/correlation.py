"""Correlation ids: one for each request, in its log lines, errors, response, upstream calls and audit entries."""

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from backend.domain.ids import random_id
from backend.services.request_origin import RequestOrigin, requested_from

CORRELATION_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def trace_id(traceparent: bytes) -> bytes | None:
    """The trace-id of a W3C traceparent header, None where the header is malformed."""
    match = TRACEPARENT.fullmatch(traceparent)
    if match is None or (match[1] == b"00" and match[3]):
        return None
    return match[2]


def correlation_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """X-Correlation-ID where it is well-formed, else the trace-id of traceparent, else a new id."""
    sent = dict(headers)
    named = sent.get(b"x-correlation-id", b"")
    if CORRELATION_ID.fullmatch(named):
        return named.decode()
    traced = trace_id(sent.get(b"traceparent", b""))
    return traced.decode() if traced else random_id()


class CorrelationMiddleware:
    """Outermost: also errors of the other middleware carry the id. Routes find it in request.state.correlation_id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        correlation_id = correlation_id_of(scope["headers"])
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        header = (b"x-correlation-id", correlation_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        client = scope.get("client")
        origin = RequestOrigin(client[0] if client else None, correlation_id)
        bound = bind_contextvars(correlation_id=correlation_id)
        try:
            with requested_from(origin):
                await self.app(scope, receive, send_with_id)
        finally:
            reset_contextvars(**bound)
