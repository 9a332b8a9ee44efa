"""A history into MongoDB: documents in bulk on one thread while the next are made, indexes when all are there."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from backend.services.migrations import MIGRATIONS, Migrations
from backend.services.repositories.usage_totals import AdminUsageTotalsRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.scalable_database.drift import OWN_INDEX
from backend.services.scalable_database.indexes import INDEXES
from backend.services.usage_closing import UsageClosing
from benchmark.history.documents import Document, History

BATCH = 2_000
AHEAD = 4
"""Batches that wait for the database at most."""
COLLECTIONS = ("users", "conversations", "messages", "ai_usage", "usage_daily", "feedback")
LONGEST_S = 3600.0
REPORT_EVERY_S = 5.0
NOT_ON_DISK = WriteConcern(w=1, j=False)

Report = Callable[[str], None]


async def load(history: History, url: str, name: str, report: Report) -> dict[str, int]:
    """Documents by collection. The database is as a server that has long been running leaves it.

    Raises what pymongo raises; a database that has documents already keeps them.
    """
    async with opened(url, name) as database:
        await Migrations(database, MIGRATIONS).apply()
        with MongoClient[Document](url) as client:
            counts = Loader(client.get_database(name, write_concern=NOT_ON_DISK), report).run(history)
    await prepare(url, name, report)
    return counts


async def prepare(url: str, name: str, report: Report) -> None:
    """What a server does when it starts and in the hours after: migrations, indexes, closed days."""
    started = time.perf_counter()
    async with opened(url, name) as database:
        await Migrations(database, MIGRATIONS).apply()
        report("building indexes")
        await database.ensure_indexes()
        closing = UsageClosing(AdminUsageTotalsRepository(database))
        while await closing.run(database.now()):
            pass
    report(f"indexes and closed days are there after {time.perf_counter() - started:.0f} s")


@asynccontextmanager
async def opened(url: str, name: str) -> AsyncIterator[ScalableDatabase]:
    """With time enough for the longest command, the building of an index."""
    database = ScalableDatabase(url, name, driver="pymongo", pool_min=0, timeout_s=LONGEST_S, slow_s=LONGEST_S)
    await database.start(create_indexes=False)
    try:
        yield database
    finally:
        await database.close()


class Loader:
    def __init__(self, database: Database[Document], report: Report) -> None:
        self._database = database
        self._report = report
        self._waiting: dict[str, list[Document]] = {name: [] for name in COLLECTIONS}
        self._counts = dict.fromkeys(COLLECTIONS, 0)
        self._writes: list[Future[None]] = []

    def run(self, history: History) -> dict[str, int]:
        for name in COLLECTIONS:
            drop_indexes(self._database.get_collection(name))
        with ThreadPoolExecutor(1) as writer:
            self._waiting["users"] = history.users()
            self._load(history, writer)
            for write in self._writes:
                write.result()
        return self._counts

    def _load(self, history: History, writer: ThreadPoolExecutor) -> None:
        started = reported = time.perf_counter()
        for batch in history.batches():
            for collection, documents in batch.documents.items():
                self._waiting[collection].extend(documents)
                if len(self._waiting[collection]) >= BATCH:
                    self._write(collection, writer)
            if (now := time.perf_counter()) - reported > REPORT_EVERY_S:
                reported = now
                self._progress(history.extent.messages, now - started)
        for collection in COLLECTIONS:
            self._write(collection, writer)

    def _write(self, collection: str, writer: ThreadPoolExecutor) -> None:
        documents, self._waiting[collection] = self._waiting[collection], []
        if documents:
            self._counts[collection] += len(documents)
            self._writes.append(writer.submit(self._insert, collection, documents))
        while len(self._writes) > AHEAD:
            self._writes.pop(0).result()

    def _insert(self, collection: str, documents: list[Document]) -> None:
        self._database.get_collection(collection).insert_many(documents, ordered=False)

    def _progress(self, wanted: int, seconds: float) -> None:
        done = self._counts["messages"]
        self._report(f"{done:,} of {wanted:,} messages, {done / seconds:,.0f} a second")


def drop_indexes(collection: Collection[Document]) -> None:
    """Those of the table of indexes: building them afterwards is quicker than keeping them up to date."""
    known = {index.name for index in INDEXES if index.collection == collection.name}
    for name in known & set(collection.index_information()) - {OWN_INDEX}:
        collection.drop_index(name)


def to_standard_error(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
