"""The driver seam: Motor, PyMongo's async client and an in-memory stand-in behind one small protocol.

Collections of all three are used by the calls that they share. What differs is behind the methods here.
A driver is imported when it is opened, so that a process loads only the one that it uses.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandListener

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.transacting import Left, transact, transact_blocking
from backend.services.scalable_database.writes import Write

Collection = AsyncCollection[Document]
DURABLE = WriteConcern(w="majority", j=True)
MEMORY_URL = "memory://"
TRANSACTION_THREADS = 8
"""More than ever commit at once: the turn log has two transactions under way, others are rare."""


@dataclass(frozen=True, slots=True)
class Options:
    """timeout_s bounds server selection, connecting and every operation with its retries (as maxTimeMS too)."""

    url: str
    name: str
    pool_max: int
    pool_min: int
    timeout_s: float
    listener: CommandListener | None

    def client_arguments(self) -> dict[str, Any]:
        milliseconds = int(self.timeout_s * 1000)
        return {
            "host": self.url,
            "appname": "aether",
            "tz_aware": True,
            "maxPoolSize": self.pool_max,
            "minPoolSize": self.pool_min,
            "timeoutMS": milliseconds,
            "serverSelectionTimeoutMS": milliseconds,
            "connectTimeoutMS": milliseconds,
            "retryWrites": True,
            "retryReads": True,
            "w": "majority",
            "journal": True,
            "event_listeners": [self.listener] if self.listener else [],
        }


class Driver(Protocol):
    transactions: bool

    def collection(self, name: str) -> Collection: ...

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[Document]: ...

    async def list_indexes(self, collection: str) -> list[Document]: ...

    async def command(self, command: Document) -> Document: ...

    async def admin_command(self, command: Document) -> Document: ...

    async def transact(self, writes: Sequence[Write], left: Left) -> None:
        """All writes in one transaction, tried once. Raises what PyMongo raises, and NothingMatched."""
        ...

    async def close(self) -> None: ...


class PyMongoDriver:
    """PyMongo's own asyncio client."""

    transactions = True

    def __init__(self, options: Options) -> None:
        from pymongo import AsyncMongoClient

        self._client: AsyncMongoClient[Document] = AsyncMongoClient(**options.client_arguments())
        self._database: AsyncDatabase[Document] = self._client.get_database(options.name, write_concern=DURABLE)
        self._collections: dict[str, Collection] = {}

    def collection(self, name: str) -> Collection:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._database.get_collection(name)
        return found

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[Document]:
        cursor = await self._database.get_collection(collection).aggregate(pipeline)
        return await cursor.to_list()

    async def list_indexes(self, collection: str) -> list[Document]:
        cursor = await self._database.get_collection(collection).list_indexes()
        return [dict(row) for row in await cursor.to_list()]

    async def command(self, command: Document) -> Document:
        return await self._database.command(command)

    async def admin_command(self, command: Document) -> Document:
        return await self._client.admin.command(command)

    async def transact(self, writes: Sequence[Write], left: Left) -> None:
        session = self._client.start_session()
        await session.start_transaction(write_concern=DURABLE)
        await transact(self._database, session, writes, left)

    async def close(self) -> None:
        await self._client.close()


class MotorDriver:
    """Motor: PyMongo's blocking client on threads, one thread for every operation under way, or transaction."""

    transactions = True

    def __init__(self, options: Options) -> None:
        # Motor reads its number of threads from here, once, at import; its default (five a core) would be the
        # real pool size, whatever maxPoolSize says.
        os.environ.setdefault("MOTOR_MAX_WORKERS", str(options.pool_max))
        from motor.motor_asyncio import AsyncIOMotorClient

        self._client: Any = AsyncIOMotorClient(**options.client_arguments())
        self._database: Any = self._client.get_database(options.name, write_concern=DURABLE)
        self._collections: dict[str, Collection] = {}
        self._transactions = ThreadPoolExecutor(TRANSACTION_THREADS, "transactions")

    def collection(self, name: str) -> Collection:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = cast(Collection, self._database.get_collection(name))
        return found

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[Document]:
        cursor = self._database.get_collection(collection).aggregate(pipeline)
        return cast(list[Document], await cursor.to_list(None))

    async def list_indexes(self, collection: str) -> list[Document]:
        cursor = self._database.get_collection(collection).list_indexes()
        return [dict(row) for row in await cursor.to_list(None)]

    async def command(self, command: Document) -> Document:
        return cast(Document, await self._database.command(command))

    async def admin_command(self, command: Document) -> Document:
        return cast(Document, await self._client.admin.command(command))

    async def transact(self, writes: Sequence[Write], left: Left) -> None:
        await asyncio.get_running_loop().run_in_executor(self._transactions, self._transact, writes, left)

    def _transact(self, writes: Sequence[Write], left: Left) -> None:
        session = self._client.delegate.start_session()
        session.start_transaction(write_concern=DURABLE)
        transact_blocking(self._database.delegate, session, writes, left)

    async def close(self) -> None:
        # They wait for the server: not on the event loop.
        await asyncio.to_thread(self._transactions.shutdown)
        await asyncio.to_thread(self._client.close)


class MemoryDriver:
    """mongomock-motor: keeps nothing, knows no transactions, no text search and no commands."""

    transactions = False

    def __init__(self, options: Options) -> None:
        from mongomock_motor import AsyncMongoMockClient

        self._client: Any = AsyncMongoMockClient(tz_aware=True)
        self._database: Any = self._client.get_database(options.name)

    def collection(self, name: str) -> Collection:
        return cast(Collection, self._database.get_collection(name))

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[Document]:
        cursor = self._database.get_collection(collection).aggregate(list(pipeline))
        return cast(list[Document], await cursor.to_list(None))

    async def list_indexes(self, collection: str) -> list[Document]:
        cursor = self._database.get_collection(collection).list_indexes()
        return [dict(row) for row in await cursor.to_list(None)]

    async def command(self, command: Document) -> Document:
        raise NotImplementedError("memory:// has no database commands")

    async def admin_command(self, command: Document) -> Document:
        return {"ok": 1.0}

    async def transact(self, writes: Sequence[Write], left: Left) -> None:
        raise NotImplementedError("memory:// has no transactions")

    async def close(self) -> None:
        return None


DRIVERS: dict[str, Callable[[Options], Driver]] = {
    "motor": MotorDriver,
    "pymongo": PyMongoDriver,
    "memory": MemoryDriver,
}


def open_driver(driver: str, options: Options) -> Driver:
    """memory:// chooses the in-memory driver, whatever is set."""
    return DRIVERS["memory" if options.url == MEMORY_URL else driver](options)
