"""How an answer breaks: one function a fault, for streams and for whole answers.

Each returns False ("failed") or waits for ever, until the client goes.
"""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from backend.simulator.connection import Connection
from backend.simulator.wire import DONE, StreamEvents

JSON = {"content-type": "application/json"}
HUGE_LINE_BYTES = 10 * 1024 * 1024
PIECE = b"x" * 65_536
ARRIVAL_S = 0.2
"""Time for what was sent to arrive: a reset overtakes what the client has not read yet."""


async def hang() -> bool:
    await asyncio.get_running_loop().create_future()
    return False


async def _cut(reply: Connection) -> bool:
    await asyncio.sleep(ARRIVAL_S)
    reply.reset()
    return False


async def _cut_stream(reply: Connection, events: StreamEvents) -> bool:
    return await _cut(reply)


async def _early_stop(reply: Connection, events: StreamEvents) -> bool:
    reply.write_all([events.early_stop("over_capacity"), DONE])
    reply.finish()
    return False


async def _stream_error(reply: Connection, events: StreamEvents) -> bool:
    error = {"message": "Service Unavailable", "type": "service_unavailable", "status_code": 503}
    reply.write(b"event: error\ndata: " + orjson.dumps({"error": error}) + b"\n\n")
    reply.finish()
    return False


async def _hang_stream(reply: Connection, events: StreamEvents) -> bool:
    return await hang()


async def _malformed_stream(reply: Connection, events: StreamEvents) -> bool:
    reply.write_all([b'data: {"id":"chatcmpl-broken","choices":[{"delta"\n\n', DONE])
    reply.finish()
    return False


async def _long_line(reply: Connection, events: StreamEvents) -> bool:
    reply.write(b'data: {"id":"')
    for _ in range(HUGE_LINE_BYTES // len(PIECE)):
        reply.write(PIECE)
        await reply.drain()
    reply.write_all([b'"}\n\n', DONE])
    reply.finish()
    return False


BREAKS_IN_STREAM: dict[str, Callable[[Connection, StreamEvents], Awaitable[bool]]] = {
    "cut": _cut_stream,
    "early-stop": _early_stop,
    "stream-error": _stream_error,
    "hang-mid-stream": _hang_stream,
    "malformed-json": _malformed_stream,
    "long-line": _long_line,
}


async def _cut_whole(reply: Connection, body: bytes) -> bool:
    reply.send_partly(200, JSON, body)
    return await _cut(reply)


async def _hang_whole(reply: Connection, body: bytes) -> bool:
    reply.send_partly(200, JSON, body)
    return await hang()


async def _malformed_whole(reply: Connection, body: bytes) -> bool:
    reply.send(200, JSON, body[: len(body) // 2])
    return False


async def _huge_whole(reply: Connection, body: bytes) -> bool:
    reply.send(200, JSON, body.replace(b'"content":"', b'"content":"' + PIECE * (HUGE_LINE_BYTES // len(PIECE)), 1))
    return False


async def _server_error(reply: Connection, body: bytes) -> bool:
    error = {"message": "Service Unavailable", "type": "service_unavailable"}
    reply.send(503, JSON, orjson.dumps({"error": error}))
    return False


BREAKS_OF_WHOLE: dict[str, Callable[[Connection, bytes], Awaitable[bool]]] = {
    "cut": _cut_whole,
    "early-stop": _server_error,
    "stream-error": _server_error,
    "hang-mid-stream": _hang_whole,
    "malformed-json": _malformed_whole,
    "long-line": _huge_whole,
}
