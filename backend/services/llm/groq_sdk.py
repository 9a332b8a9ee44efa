"""Groq by its official SDK, on its aiohttp client. The SDK's own retries are off: retry.py is their one owner."""

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import groq
import httpx
from httpx_aiohttp import AiohttpTransport

from backend.services.llm.bounded_transport import BoundedTransport, ResponseTooLarge
from backend.services.llm.deadline import before
from backend.services.llm.endpoint import GROQ_PATH, Endpoint, RefusedEndpoint
from backend.services.llm.failures import (
    cut_short,
    from_status,
    from_stream_error,
    malformed,
    oversized,
    read_retry_after,
    too_late,
    unreachable,
)
from backend.services.llm.payloads import read_chunk, read_completion, read_models, write_request
from backend.services.llm.provider import ChatRequest, Chunk, Completion

CONNECT_S = 5.0


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except groq.APIStatusError as error:
        retry_after = read_retry_after(error.response.headers.get("retry-after"))
        raise from_status(error.status_code, error.body, retry_after) from error
    except (groq.APIConnectionError, httpx.HTTPError) as error:
        too_large = isinstance(error, ResponseTooLarge) or isinstance(error.__cause__, ResponseTooLarge)
        raise (oversized() if too_large else unreachable()) from error
    except groq.APIError as error:
        raise from_stream_error(error.body) from error
    except (ValueError, RecursionError) as error:
        raise malformed() from error  # the SDK lets the JSON decoder's errors through


class GroqSdkProvider:
    """Build it in a running event loop. Serves Groq's own URL convention only; raises RefusedEndpoint for others."""

    name = "sdk"

    def __init__(
        self, endpoint: Endpoint, *, connections: int = 1000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """connections: how many calls may be open at once; further ones wait under their deadline."""
        if not endpoint.groq:
            raise RefusedEndpoint("the groq SDK serves Groq's URL only: set GROQ_TRANSPORT=direct for this base URL")
        self._clock = clock
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        transport = BoundedTransport(AiohttpTransport(limits=limits))
        self._client = groq.AsyncGroq(
            api_key=endpoint.api_key or "none",
            base_url=endpoint.base.removesuffix(GROQ_PATH),
            max_retries=0,
            http_client=httpx.AsyncClient(transport=transport, follow_redirects=False),
        )

    async def complete(self, request: ChatRequest) -> Completion:
        with _translated():
            answer = await before(request.deadline, self._clock, self._create(request, stream=False))
        return read_completion(_fields(answer), request.model)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Chunk, None]:
        finished = False
        with _translated():
            chunks = await before(request.deadline, self._clock, self._create(request, stream=True))
            async with chunks:
                yield Chunk(model=request.model)
                iterator = aiter(chunks)
                while (item := await before(request.deadline, self._clock, anext(iterator, None))) is not None:
                    chunk = read_chunk(_fields(item))
                    finished = finished or chunk.finish_reason is not None
                    yield chunk
        if not finished:
            raise cut_short()

    async def models(self, timeout_s: float) -> list[str]:
        with _translated():
            answer = await before(self._clock() + timeout_s, self._clock, self._client.models.list())
        return read_models(_fields(answer))

    async def close(self) -> None:
        await self._client.close()

    async def _create(self, request: ChatRequest, *, stream: bool) -> Any:  # noqa: ANN401 - a completion or a stream of chunks
        if self._clock() >= request.deadline:
            raise too_late()
        return await self._client.chat.completions.create(
            **write_request(request),
            stream=stream,
            extra_headers={"X-Request-ID": request.correlation_id} if request.correlation_id else None,
            timeout=httpx.Timeout(None, connect=CONNECT_S),  # the deadline bounds the rest
        )


def _fields(answer: object) -> object:
    """The JSON behind an SDK model; anything else (the SDK returns the text of other content) is no answer."""
    if not isinstance(answer, groq.BaseModel):
        raise malformed()
    return answer.model_dump(warnings=False)
