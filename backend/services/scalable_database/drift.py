"""The index table against a database: what is missing, extra or different, and creation of what is missing."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymongo
import structlog
from pymongo.errors import OperationFailure, PyMongoError

from backend.errors import AetherError
from backend.services.scalable_database.drivers import Driver
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.indexes import INDEXES, Index

NAMESPACE_NOT_FOUND = 26
COMPARED = (
    "unique",
    "sparse",
    "expireAfterSeconds",
    "partialFilterExpression",
    "default_language",
    "language_override",
)
OWN_INDEX = "_id_"
BUILD_TIMEOUT_S = 24 * 3600.0
"""The server gives a build up when its command ends, so the time of other operations would never be enough for much."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Drift:
    """Index names as collection.name. different: the same name with other keys or options."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    different: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.different)


def _keys(stored: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keys as they were declared: the server keeps a text field under weights, not among the keys."""
    keys: list[tuple[str, Any]] = []
    for name, kind in stored["key"].items():
        if name == "_fts":
            keys.extend((field, "text") for field in stored["weights"])
        elif name != "_ftsx":
            keys.append((name, kind if isinstance(kind, str) else int(kind)))
    return keys


def _same(wanted: Index, stored: Mapping[str, Any]) -> bool:
    options = {name: stored[name] for name in COMPARED if name in stored}
    if "weights" not in stored:
        options.pop("default_language", None)
    return _keys(stored) == list(wanted.keys) and options == dict(wanted.options)


async def stored_indexes(driver: Driver, collection: str) -> dict[str, dict[str, Any]]:
    """By name, the one on _id left out; empty where the collection does not exist."""
    try:
        rows = await driver.list_indexes(collection)
    except OperationFailure as error:
        if error.code == NAMESPACE_NOT_FOUND:
            return {}
        raise
    return {row["name"]: row for row in rows if row["name"] != OWN_INDEX}


def by_collection(table: Iterable[Index]) -> dict[str, list[Index]]:
    rows: dict[str, list[Index]] = defaultdict(list)
    for index in table:
        rows[index.collection].append(index)
    return rows


async def find_drift(driver: Driver, table: Sequence[Index] = INDEXES) -> Drift:
    missing: list[str] = []
    extra: list[str] = []
    different: list[str] = []
    for collection, wanted in by_collection(table).items():
        with translated():
            stored = await stored_indexes(driver, collection)
        for index in wanted:
            row = stored.pop(index.name, None)
            if row is None:
                missing.append(f"{collection}.{index.name}")
            elif not _same(index, row):
                different.append(f"{collection}.{index.name}")
        extra.extend(f"{collection}.{name}" for name in stored)
    return Drift(tuple(missing), tuple(extra), tuple(different))


async def create_missing(driver: Driver, table: Sequence[Index] = INDEXES) -> list[str]:
    """Creates what is missing and returns its names. What is different is left alone: seed_indexes shows it.

    The server builds without blocking reads or writes and answers "already there" to the second worker.
    """
    created: list[str] = []
    for collection, wanted in by_collection(table).items():
        with translated():
            stored = await stored_indexes(driver, collection)
            missing = [index for index in wanted if index.name not in stored]
            if missing:
                with pymongo.timeout(BUILD_TIMEOUT_S):
                    await driver.command({"createIndexes": collection, "indexes": [index.spec for index in missing]})
        created.extend(f"{collection}.{index.name}" for index in missing)
    return created


async def create_in_memory(driver: Driver, table: Sequence[Index] = INDEXES) -> None:
    """memory:// needs the unique ones only: they decide what may be stored, the others how soon it is found."""
    for index in table:
        if index.unique:
            keys = [(name, kind) for name, kind in index.keys]
            await driver.collection(index.collection).create_index(keys, name=index.name, **index.options)


async def create_until_done(driver: Driver, *, pause_s: float, longest_pause_s: float) -> None:
    """For the background: a database that is away, or a build that fails, is tried again, never given up."""
    while True:
        try:
            created = await create_missing(driver)
        except (AetherError, PyMongoError) as error:
            log.warning("index_creation_failed", error=type(error).__name__, retry_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, longest_pause_s)
        else:
            if created:
                log.info("indexes_created", names=created)
            return
