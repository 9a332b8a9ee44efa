"""The real servers that tests run against: one mongod, one Valkey and one simulator for each pytest process."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pymongo
import redis
from pymongo.database import Database

from backend.services.embedded import EmbeddedServer, start_mongod, start_simulator, start_valkey

Prepare = Callable[[str], None]
"""Receives the name of an empty database. The same function at every use: it names a kind of databases."""
GUARD = Path(__file__).with_name("guard.py")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (the name of a mount, no file in it is guessed)
KEYS_AT_ONCE = 1000
KEPT_REQUESTS = 100
DATABASES_PER_MONGOD = 60
"""A member of a replica set keeps the files of dropped databases open, 110 of each, and ends where it may open no
more: so it is started anew before, on the same port and an empty folder, when no database is in use."""


@dataclass(frozen=True, slots=True)
class SimulatorHandle:
    """url: for GROQ_BASE_URL. control: a client of its control endpoints, based at url/simulator."""

    url: str
    control: httpx.Client

    def reset(self) -> None:
        self.control.post("/reset").raise_for_status()
        self.control.post("/requests", json={"keep": KEPT_REQUESTS}).raise_for_status()

    def calls(self) -> dict[str, Any]:
        """Upstream calls since the last reset: started, finished, cancelled, by model, and the sum of their tokens."""
        counts: dict[str, Any] = self.control.get("/calls").raise_for_status().json()
        return counts


def _new_name() -> str:
    return f"test_{uuid.uuid4().hex[:16]}"


def memory_folder() -> str | None:
    """A folder in memory where there is one: a database is some 200 files, and tests use hundreds of them."""
    return str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None


class PreparedDatabase:
    """Remembers what it holds when it is made."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self.name = database.name
        self._database = database
        self._held = {name: list(database[name].find()) for name in database.list_collection_names()}

    def restore(self) -> None:
        for name in self._database.list_collection_names():
            if name not in self._held:
                self._database.drop_collection(name)
        for name, documents in self._held.items():
            self._database[name].delete_many({})
            if documents:
                self._database[name].insert_many(documents)


class Servers:
    """Starts each server at its first use; stop() ends all of them."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._droppers: list[Callable[[str], None]] = []
        self._erasers: list[Callable[[str], None]] = []
        self._mongod = ExitStack()
        self._in_use = self._dropped = 0
        self._client: pymongo.MongoClient[dict[str, Any]] | None = None
        self._prepared: defaultdict[Prepare, list[PreparedDatabase]] = defaultdict(list)

    @cached_property
    def folder(self) -> Path:
        folder = tempfile.TemporaryDirectory(prefix="aether-tests-", dir=memory_folder())
        return Path(self._closing.enter_context(folder))

    @cached_property
    def mongo_url(self) -> str:
        server = self._start_mongod()
        self._closing.callback(lambda: self._mongod.close())  # after the folder, so that it ends before the folder
        client = self._client = pymongo.MongoClient(server.url)
        self._closing.callback(client.close)

        def drop(name: str) -> None:
            client.drop_database(name)
            self._dropped += 1
            if self._dropped >= DATABASES_PER_MONGOD and not self._in_use:
                self._mongod.close()
                self._prepared.clear()
                shutil.rmtree(server.data)
                self._start_mongod(server.port)
                self._dropped = 0

        self._droppers.append(drop)
        return server.url

    def _start_mongod(self, port: int = 0) -> EmbeddedServer:
        parameters = {"enableTestCommands": "1"}
        start = start_mongod(self.folder, port=port, cache_gb=0.25, oplog_mb=64, parameters=parameters)
        return self._run(start, self._mongod)

    @cached_property
    def redis_url(self) -> str:
        server = self._run(start_valkey(self.folder, memory_mb=128))
        client = redis.Redis.from_url(server.url)
        self._closing.callback(client.close)

        def erase(namespace: str) -> None:
            keys = client.scan_iter(match=f"{namespace}:*", count=KEYS_AT_ONCE)
            while some := list(islice(keys, KEYS_AT_ONCE)):
                client.delete(*some)

        self._erasers.append(erase)
        return server.url

    @cached_property
    def simulator(self) -> SimulatorHandle:
        url = self._run(start_simulator(self.folder)).url
        control = self._closing.enter_context(httpx.Client(base_url=f"{url}/simulator", timeout=10))
        return SimulatorHandle(url, control)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new name, for a database and for Redis keys; what got it is erased from the servers that were used."""
        name = _new_name()
        try:
            with self._used(name):
                yield name
        finally:
            for drop in self._droppers:
                drop(name)

    @contextmanager
    def prepared_database(self, prepare: Prepare) -> Iterator[str]:
        """As database(), but it holds already what prepare(name) makes of an empty one: always the same.

        Then it is cleared of what its user wrote, and the next one's: to create all indexes takes MongoDB 0.3 s. So
        it is not for tests that change indexes.
        """
        free = self._prepared[prepare]
        database = free.pop() if free else self._prepare(prepare)
        try:
            with self._used(database.name):
                yield database.name
        finally:
            database.restore()
            self._prepared[prepare].append(database)

    def _prepare(self, prepare: Prepare) -> PreparedDatabase:
        name = _new_name()
        prepare(name)
        assert self._client is not None
        return PreparedDatabase(self._client[name])

    @contextmanager
    def _used(self, name: str) -> Iterator[None]:
        self._in_use += 1
        try:
            yield
        finally:
            self._in_use -= 1
            for erase in self._erasers:
                erase(name)

    def stop(self) -> None:
        self._closing.close()

    def _run(self, start: Coroutine[Any, Any, EmbeddedServer], closing: ExitStack | None = None) -> EmbeddedServer:
        """Starts a server, and a guard that ends it should this process be killed. closing: what stops it."""
        closing = closing or self._closing
        server = asyncio.run(start)
        command = [sys.executable, str(GUARD), str(server.pid), str(self.folder)]
        guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        closing.callback(guard.communicate)
        closing.callback(lambda: asyncio.run(server.stop(10)))
        return server
