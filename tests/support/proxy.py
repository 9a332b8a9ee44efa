"""A TCP proxy that misbehaves on demand: it delays, pauses and cuts the connections between a client and a server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536


class Proxy:
    """delay_s: seconds before each chunk of a reply is passed on, asked anew for every chunk."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._running = asyncio.Event()
        self._running.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.connections = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def point_at(self, host: str, port: int) -> None:
        """New connections go to this server."""
        self._target = (host, port)

    async def refuse(self) -> None:
        """Closes the port and every connection, as a server that was killed; start() opens the same port again."""
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Ends every connection that is open now."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def pause(self) -> None:
        """Connections stay open and nothing passes, as a server that was stopped by SIGSTOP."""
        self._running.clear()

    def freeze(self) -> None:
        """The connections that are open now never pass anything again; new ones work."""
        self._running.clear()
        self._running = asyncio.Event()
        self._running.set()

    def resume(self) -> None:
        self._running.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._relay(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        pumps = {
            asyncio.create_task(self._pump(reader, upstream_writer, lambda: 0.0)),
            asyncio.create_task(self._pump(upstream_reader, writer, lambda: self.delay_s())),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            upstream_writer.close()  # before the wait below, which may be cancelled
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: Callable[[], float]
    ) -> None:
        running = self._running
        while data := await reader.read(CHUNK):
            await running.wait()
            if (delay := delay_s()) > 0:
                await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the server of this URL, and the URL that goes through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = Proxy(parts.hostname, parts.port)
    await proxy.start()
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{login}127.0.0.1:{proxy.port}"))
    finally:
        proxy.resume()
        await proxy.refuse()
