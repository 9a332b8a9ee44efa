"""How chat routes answer: whole answers that end with their client, and streams of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from backend.domain.problems import problem_of
from backend.errors import AetherError
from backend.routes.events import EVENT_STREAM
from backend.services.enhanced_ai_service.idempotency import Idempotency
from backend.services.stream_log import StreamEvent

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, bytes]]
CLIENT_CLOSED_REQUEST = 499
FIRST_EVENT_S = 1.0


@dataclass(frozen=True, slots=True)
class Answered:
    """body: JSON, None where the client has gone. replayed: it was stored under the Idempotency-Key."""

    body: bytes | None
    replayed: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {"Idempotency-Replayed": "true"} if self.replayed else {}


async def answered(
    request: Request, user_id: str, key: str | None, idempotency: Idempotency, work: Work, *, outlasts: bool = False
) -> Answered:
    """The work's JSON; done once where there is an Idempotency-Key, and cancelled as soon as the client has gone.

    outlasts: with a key the work goes on without its client, who may come back for it.
    """
    if key is None:
        return Answered(await until_disconnect(request.receive, work()))
    body = request.url.path.encode() + b"\0" + await request.body()
    run = idempotency.run_through if outlasts else idempotency.run
    result = await until_disconnect(request.receive, run(user_id, key, body, work))
    if result is None:
        return Answered(None)
    answer, replayed = result
    return Answered(answer if isinstance(answer, bytes) else orjson.dumps(answer), replayed)


async def json_answer(
    request: Request, user_id: str, key: str | None, idempotency: Idempotency, work: Work
) -> Response:
    done = await answered(request, user_id, key, idempotency, work)
    if done.body is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)  # nobody reads it; the log shows what happened
    return Response(done.body, media_type="application/json", headers=done.headers)


async def until_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns; the work is cancelled, and None returned, as soon as the client has gone."""
    working = cast("asyncio.Task[Any]", asyncio.current_task())
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        working.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if gone and not working.uncancel():
            return None
        raise  # it is the server that ends the request
    finally:
        watching.cancel()


Batches = AsyncGenerator[list[StreamEvent], None]


async def event_stream(batches: Batches, headers: dict[str, str] | None = None) -> Response:
    """Server-sent events, each with its id, so that a reader may resume after the last one it saw.

    What the log raises before the first event (an unknown stream) is raised here, before the status line is sent;
    where the first event takes longer than FIRST_EVENT_S, it is an error event.
    """
    first = asyncio.ensure_future(anext(batches, None))
    await asyncio.wait({first}, timeout=FIRST_EVENT_S)
    if first.done():
        first.result()
    return event_response(_encoded(first, batches), headers)


def event_response(events: AsyncGenerator[bytes, None], headers: dict[str, str] | None = None) -> StreamingResponse:
    """Server-sent events, encoded, which no cache and no proxy holds back."""
    unheld = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(events, media_type=EVENT_STREAM, headers={**unheld, **(headers or {})})


class EventStream(StreamingResponse):
    """Sends in the request's own task and listens in one more; Starlette's group of tasks takes more memory."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Returns when the events have ended, or the client has gone."""
        await until_disconnect(receive, self.stream_response(send))


async def _encoded(first: "asyncio.Future[list[StreamEvent] | None]", batches: Batches) -> AsyncGenerator[bytes, None]:
    """Events that are there together go out together."""
    try:
        batch = await _or_error(first)
        while batch is not None:
            yield b"".join(
                [b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.event.encode(), event.data) for event in batch]
            )
            batch = await anext(batches, None)
    finally:
        first.cancel()
        await batches.aclose()


async def _or_error(first: "asyncio.Future[list[StreamEvent] | None]") -> list[StreamEvent] | None:
    try:
        return await first
    except AetherError as error:
        return [StreamEvent(0, "error", orjson.dumps(problem_of(error, None)))]
