"""Streams of server-sent events: what their first event decides."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from fastapi.responses import StreamingResponse

from backend.errors import NotFound
from backend.routes import answers
from backend.routes.answers import event_stream
from backend.services.stream_log import StreamEvent


async def nothing_there(asked: asyncio.Event) -> AsyncGenerator[list[StreamEvent], None]:
    await asked.wait()
    raise NotFound("There is no such stream.")
    yield [StreamEvent(1, "token", b"{}")]


async def body_of(response: StreamingResponse) -> bytes:
    return b"".join([part if isinstance(part, bytes) else str(part).encode() async for part in response.body_iterator])


async def at_once(*batches: list[StreamEvent]) -> AsyncGenerator[list[StreamEvent], None]:
    for batch in batches:
        yield batch


async def test_events_that_are_there_together_go_out_together() -> None:
    batches = at_once(
        [StreamEvent(1, "metadata", b"{}")], [StreamEvent(2, "token", b"2"), StreamEvent(3, "done", b"3")]
    )
    response = await event_stream(batches)
    assert isinstance(response, StreamingResponse)
    assert [piece async for piece in response.body_iterator] == [
        b"id: 1\nevent: metadata\ndata: {}\n\n",
        b"id: 2\nevent: token\ndata: 2\n\nid: 3\nevent: done\ndata: 3\n\n",
    ]


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
