"""An httpx transport that stops an answer which grows past what an answer can be. The SDK itself has no such bound."""

from collections.abc import AsyncIterator

import httpx

from backend.services.llm.sse import MAX_EVENT_BYTES

MAX_BODY_BYTES = 8 * 1024 * 1024


class ResponseTooLarge(httpx.TransportError):
    """A body, or a line of an event stream, is past the bound."""


class _BoundedStream(httpx.AsyncByteStream):
    """by_line: the bound holds for each line instead of the whole."""

    def __init__(self, inner: httpx.AsyncByteStream, limit: int, *, by_line: bool) -> None:
        self._inner = inner
        self._limit = limit
        self._by_line = by_line

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            newline = piece.rfind(b"\n") if self._by_line else -1
            size = size + len(piece) if newline < 0 else len(piece) - newline - 1
            if size > self._limit:
                raise ResponseTooLarge("the response is larger than an answer can be")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


class BoundedTransport(httpx.AsyncBaseTransport):
    """Wraps a transport; what it bounds is raised as ResponseTooLarge while the body is read."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if isinstance(response.stream, httpx.AsyncByteStream):
            by_line = response.headers.get("content-type", "").startswith("text/event-stream")
            limit = MAX_EVENT_BYTES if by_line else MAX_BODY_BYTES
            response.stream = _BoundedStream(response.stream, limit, by_line=by_line)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()
