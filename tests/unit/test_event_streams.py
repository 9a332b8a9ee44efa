"""Streams of server-sent events: what their first event decides."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from fastapi.responses import StreamingResponse

from backend.errors import NotFound
from backend.routes import answers
from backend.routes.answers import event_stream
from backend.services.stream_log import StreamEvent


async def nothing_there(asked: asyncio.Event) -> AsyncGenerator[StreamEvent, None]:
    await asked.wait()
    raise NotFound("There is no such stream.")
    yield StreamEvent(1, "token", b"{}")


async def body_of(response: StreamingResponse) -> bytes:
    return b"".join([part if isinstance(part, bytes) else str(part).encode() async for part in response.body_iterator])


async def test_what_is_known_before_the_first_event_is_a_status() -> None:
    asked = asyncio.Event()
    asked.set()
    with pytest.raises(NotFound):
        await event_stream(nothing_there(asked))


async def test_what_is_known_only_later_is_an_error_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FIRST_EVENT_S", 0.0)
    asked = asyncio.Event()
    response = await event_stream(nothing_there(asked))
    asked.set()
    assert isinstance(response, StreamingResponse)
    body = await body_of(response)
    assert body.startswith(b'id: 0\nevent: error\ndata: {"type":"urn:aether:problem:not_found"')
    assert body.endswith(b"\n\n")
