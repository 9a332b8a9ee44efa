"""One connection that all callers of a worker share: commands go out in batches, replies come back in order.

A pool hands a connection from caller to caller, so a command cancelled between its request and its reply either
poisons the connection for the next user or costs a reconnect, and a thousand concurrent requests queue for it.
Here a reply belongs to the oldest command that was sent and to nobody else: a caller who has gone leaves a place
in the queue, and its reply is read and dropped.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, InvalidResponse, RedisError, ResponseError
from redis.typing import EncodableT


class PendingReply:
    """A command under way, in the shape that redis-py's parse_response expects of a connection."""

    def __init__(self, reply: "asyncio.Future[Any]") -> None:
        self._reply = reply

    async def read_response(self, **_options: object) -> object:
        return await self._reply


class Session:
    """One established connection with its reader and writer, from connect to the first error."""

    def __init__(self, connection: AbstractConnection, connect_timeout_s: float) -> None:
        self._connection = connection
        self._connect_timeout_s = connect_timeout_s
        self._unsent: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._sent: deque[asyncio.Future[Any]] = deque()
        self._wake = asyncio.Event()
        self.connected = False
        self.task = asyncio.create_task(self._serve())

    def send(self, command: bytes) -> "asyncio.Future[Any]":
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._unsent.append((command, reply))
        self._wake.set()
        return reply

    async def _serve(self) -> None:
        error: Exception = RedisConnectionError("the connection was closed")
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await self._connection.connect()  # type: ignore[no-untyped-call]
            self.connected = True
            await self._exchange()
        except (RedisError, OSError, TimeoutError) as failure:
            error = RedisConnectionError(f"the connection failed: {type(failure).__name__}")
        finally:
            self._fail(error)
            await self._connection.disconnect(nowait=True)

    async def _exchange(self) -> None:
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            writer.cancel()
            await asyncio.wait({writer})
            if not writer.cancelled():
                writer.exception()  # the reader has ended for the same reason

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch = [entry for entry in self._unsent if not entry[1].done()]
            self._unsent.clear()
            self._sent.extend(reply for _, reply in batch)
            if batch:
                data = b"".join(command for command, _ in batch)
                await self._connection.send_packed_command(data, check_health=False)

    async def _read(self) -> None:
        while True:
            reply, error = None, None
            try:
                reply = await self._connection.read_response(disconnect_on_error=False)
            except ResponseError as refusal:
                error = refusal
            if not self._sent:
                raise InvalidResponse("a reply that no command is waiting for")
            waiting = self._sent.popleft()
            if waiting.done():
                continue
            if error is None:
                waiting.set_result(reply)
            else:
                waiting.set_exception(error)

    def _fail(self, error: Exception) -> None:
        for reply in (*self._sent, *(reply for _, reply in self._unsent)):
            if not reply.done():
                reply.set_exception(error)
                reply.exception()  # a caller who is being cancelled will not ask for it
        self._sent.clear()
        self._unsent.clear()


class Channel:
    """Connects at the first command and again after an error; what was under way then fails, nothing is resent."""

    def __init__(self, make_connection: Callable[[], AbstractConnection], *, connect_timeout_s: float) -> None:
        self._make_connection = make_connection
        self._connect_timeout_s = connect_timeout_s
        self._session: Session | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def send(self, *command: EncodableT) -> PendingReply:
        """Raises redis' DataError for an argument that is no string, bytes or number."""
        if self._closed:
            raise RedisConnectionError("the client is closed")
        data = _packed(command)
        if self._session is None or self._session.task.done():
            self._session = Session(self._make_connection(), self._connect_timeout_s)
            self._tasks.add(self._session.task)
            self._session.task.add_done_callback(self._tasks.discard)
        return PendingReply(self._session.send(data))

    def reset(self) -> None:
        """Drops an established connection (a peer that no longer answers); one that is being made has its own bound."""
        if self._session is not None and self._session.connected:
            self._session.task.cancel()
            self._session = None

    async def close(self) -> None:
        self._closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _packed(command: tuple[EncodableT, ...]) -> bytes:
    """By hiredis, in a tenth of the time that redis-py's asyncio connections take. A name may have two words."""
    arguments = [bytes(part) if isinstance(part, bytearray) else part for part in command[1:]]
    try:
        packed: bytes = pack_command((*str(command[0]).split(), *arguments))  # type: ignore[arg-type] # its stub: one part
    except TypeError as error:
        raise DataError(str(error)) from error
    return packed
