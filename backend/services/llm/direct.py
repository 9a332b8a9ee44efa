"""Any OpenAI-compatible endpoint (Groq, Ollama, vLLM, OpenAI) over aiohttp and orjson: the lean transport."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import certifi
import orjson

from backend.errors import UpstreamError
from backend.services.llm.endpoint import Endpoint
from backend.services.llm.failures import (
    cut_short,
    from_status,
    malformed,
    oversized,
    read_retry_after,
    too_late,
    unreachable,
)
from backend.services.llm.payloads import read_chunk, read_completion, read_models, write_request
from backend.services.llm.provider import ChatRequest, Chunk, Completion
from backend.services.llm.sse import EventParser, EventTooLarge

CONNECT_S = 5.0
CONNECTIONS = 5_000
"""More than a worker has requests in flight, each member of a team included: what waits here waits without a word."""
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
TRAILER_S = 0.1
TIMER_SLACK_S = 0.05
DONE = b"[DONE]"


@contextmanager
def _translated(clock: Callable[[], float], deadline: float) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise (too_late() if clock() >= deadline - TIMER_SLACK_S else unreachable()) from error
    except TimeoutError as error:
        raise too_late() from error
    except aiohttp.ClientError as error:
        raise unreachable() from error


class DirectProvider:
    """Build it in a running event loop. Redirects are not followed: they would carry the key elsewhere."""

    name = "direct"

    def __init__(
        self, endpoint: Endpoint, *, connections: int = CONNECTIONS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """connections: how many calls may be open at once; further ones wait under their deadline."""
        self._endpoint = endpoint
        self._clock = clock
        self._chat_url = f"{endpoint.base}/chat/completions"
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "Aether"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=60, ssl=_authorities(endpoint.base)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
        )

    async def complete(self, request: ChatRequest) -> Completion:
        body = write_request(request, groq=self._endpoint.groq)
        with _translated(self._clock, request.deadline):
            async with self._call(request, body) as response:
                payload = await _read_json(response, MAX_BODY_BYTES)
        return read_completion(payload, request.model)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        body = {**write_request(request, groq=self._endpoint.groq), "stream": True}
        if not self._endpoint.groq:
            body["stream_options"] = {"include_usage": True}  # Groq reports usage unasked
        with _translated(self._clock, request.deadline):
            async with self._call(request, body) as response:
                if response.content_type != "text/event-stream":
                    raise malformed()
                yield Chunk(model=request.model)
                parser, finished = _Chunks(), False
                while not parser.done and (piece := await response.content.readany()):
                    for chunk in parser.feed(piece):
                        finished = finished or chunk.finish_reason is not None
                        yield chunk
                if parser.done:
                    await _read_trailer(response)
        if not finished:
            raise cut_short()

    async def models(self, timeout_s: float) -> list[str]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        with _translated(self._clock, self._clock() + timeout_s):
            async with self._session.get(
                f"{self._endpoint.base}/models", timeout=timeout, allow_redirects=False
            ) as response:
                await _check(response)
                return read_models(await _read_json(response, MAX_BODY_BYTES))

    async def close(self) -> None:
        await self._session.close()

    @asynccontextmanager
    async def _call(self, request: ChatRequest, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """A successful response; leaving it before its end closes the connection."""
        if (remaining := request.deadline - self._clock()) <= 0:
            raise too_late()
        async with self._session.post(
            self._chat_url,
            data=orjson.dumps(body),
            headers={"X-Request-ID": request.correlation_id} if request.correlation_id else None,
            timeout=aiohttp.ClientTimeout(total=remaining, sock_connect=CONNECT_S),
            allow_redirects=False,
        ) as response:
            await _check(response)
            yield response


def _authorities(url: str) -> ssl.SSLContext | bool:
    """The system's authorities and certifi's: a bare machine has none of its own."""
    if not url.startswith("https:"):
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status == 200:
        return
    retry_after = read_retry_after(response.headers.get("Retry-After"))
    try:
        details = await _read_json(response, MAX_ERROR_BYTES)
    except UpstreamError:
        details = None
    raise from_status(response.status, details, retry_after)


async def _read_json(response: aiohttp.ClientResponse, limit: int) -> object:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > limit:
            raise oversized()
        pieces.append(piece)
    return _decode(b"".join(pieces))


def _decode(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise malformed() from error


class _Chunks:
    """The chunks before [DONE], from pieces of the body. done: it has come."""

    def __init__(self) -> None:
        self.done = False
        self._events = EventParser()

    def feed(self, piece: bytes) -> Iterator[Chunk]:
        """Raises UpstreamError."""
        try:
            events = self._events.feed(piece)
        except EventTooLarge as error:
            raise oversized() from error
        for event in events:
            if event == DONE:
                self.done = True
                return
            yield read_chunk(_decode(event))


async def _read_trailer(response: aiohttp.ClientResponse) -> None:
    """Reads the few bytes after [DONE], so that the connection can be used again; never waits long for them."""
    try:
        async with asyncio.timeout(TRAILER_S):
            async for _ in response.content.iter_any():
                pass
    except TimeoutError:
        response.close()
