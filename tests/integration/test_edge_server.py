"""The middleware on a real server and real sockets: what clients see when they send too much or leave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from backend.middleware.body_limit import MAX_BODY_BYTES, BodyLimitMiddleware
from backend.middleware.correlation import CorrelationMiddleware
from backend.middleware.crash import CrashMiddleware
from backend.middleware.security_headers import SecurityHeadersMiddleware
from backend.middleware.timing import TimingMiddleware
from tests.support.waiting import eventually


@dataclass
class Edge:
    """A server with the middleware in the order of the real one."""

    url: str = ""
    reports: list[tuple[str, str, int]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def application(self) -> FastAPI:
        app = FastAPI()

        @app.post("/length")
        async def length(request: Request) -> int:
            return len(await request.body())

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            async def pieces() -> AsyncIterator[bytes]:
                yield b"first"
                await self.released.wait()
                yield b"last"

            return StreamingResponse(pieces())

        @app.get("/wait")
        async def wait(request: Request) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            raise ClientDisconnect

        app.add_middleware(BodyLimitMiddleware)
        app.add_middleware(CrashMiddleware)
        app.add_middleware(SecurityHeadersMiddleware)
        app.add_middleware(TimingMiddleware, on_request=self.report)
        app.add_middleware(CorrelationMiddleware)
        return app

    def report(self, route: str, method: str, status: int, seconds: float) -> None:
        self.reports.append((route, method, status))


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    await eventually(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    edge = Edge()
    async with serving(edge.application()) as edge.url:
        yield edge
        edge.released.set()


async def megabytes(count: int) -> AsyncIterator[bytes]:
    for _ in range(count * 16):
        yield b"x" * 62_500


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 5 * MAX_BODY_BYTES])
async def test_a_client_reads_the_refusal_of_a_declared_body(edge: Edge, size: int) -> None:
    async with httpx.AsyncClient(base_url=edge.url) as client:
        response = await client.post("/length", content=b"x" * size)
        assert response.status_code == 413
        assert response.json()["code"] == "payload_too_large"
        assert response.json()["correlation_id"] == response.headers["x-correlation-id"]
        assert (await client.post("/length", content=b"x" * MAX_BODY_BYTES)).json() == MAX_BODY_BYTES


async def test_a_client_reads_the_refusal_of_a_chunked_body(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=edge.url) as client:
        response = await client.post("/length", content=megabytes(4))
        assert response.status_code == 413
        assert (await client.post("/length", content=megabytes(1))).json() == MAX_BODY_BYTES
    assert edge.reports == [("/length", "POST", 413), ("/length", "POST", 200)]


async def test_a_client_that_keeps_sending_after_the_refusal_is_cut_off(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(edge.url).port)
    writer.write(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")

    async def send_forever() -> None:
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    with suppress(ConnectionError):
        async with asyncio.timeout(10):
            await send_forever()
    writer.close()


async def test_a_stream_is_passed_on_piece_by_piece(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=edge.url) as client, client.stream("GET", "/stream") as response:
        pieces = response.aiter_raw()
        assert await anext(pieces) == b"first"
        assert edge.reports == [("/stream", "GET", 200)]
        edge.released.set()
        assert await anext(pieces) == b"last"


async def test_a_client_that_leaves_before_the_answer_is_counted(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=edge.url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/wait", timeout=0.2)
    await eventually(lambda: edge.reports == [("/wait", "GET", 499)])
