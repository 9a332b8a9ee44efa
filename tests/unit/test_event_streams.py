"""Streams of server-sent events: what their first event decides."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi.responses import StreamingResponse
from starlette.types import Message

from backend.errors import NotFound
from backend.routes import answers
from backend.routes.answers import event_response, event_stream
from backend.services.stream_log import StreamEvent
from tests.support.waiting import eventually


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


class Client:
    """Reads what is sent, and leaves when it is told to."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.gone = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.read.append(message.get("body", b""))

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


@asynccontextmanager
async def streaming(client: Client) -> AsyncIterator[tuple["asyncio.Task[None]", asyncio.Event]]:
    """The task of a response that has sent one event and waits for the next, and whether its events were let go."""
    closed = asyncio.Event()

    async def events() -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            await asyncio.get_running_loop().create_future()
        finally:
            closed.set()

    task = asyncio.ensure_future(event_response(events())({"type": "http"}, client.receive, client.send))
    await eventually(lambda: b"one" in client.read)
    yield task, closed
    task.cancel()


async def test_a_client_that_leaves_ends_its_stream_and_nothing_else() -> None:
    client = Client()
    async with streaming(client) as (task, closed):
        client.gone.set()
        await task
        assert closed.is_set()
        assert task.cancelling() == 0


async def test_a_request_that_is_cancelled_is_not_taken_for_a_client_that_left() -> None:
    async with streaming(Client()) as (task, closed):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed.is_set()


async def test_a_stream_that_ends_is_not_waited_for() -> None:
    client = Client()
    response = await event_stream(at_once([StreamEvent(1, "done", b"{}")]))
    await response({"type": "http"}, client.receive, client.send)
    assert client.read == [b"", b"id: 1\nevent: done\ndata: {}\n\n", b""]
