"""One attempt at a transaction, on each of PyMongo's two clients: all writes, then a commit whose answer is awaited.

They say the same twice, because the two clients share no code. On the blocking one a whole attempt is work for one
thread: eight commands of a transaction, each handed to a thread by itself, cost more than the commands.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import pymongo
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, OperationFailure
from pymongo.results import BulkWriteResult
from pymongo.synchronous.client_session import ClientSession
from pymongo.synchronous.database import Database

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.writes import Delete, Insert, NothingMatched, Write, expected_matches, runs

UNKNOWN = "UnknownTransactionCommitResult"
ASK_AGAIN_S = 0.002
SHORTEST_TIMEOUT_S = 0.001
ABORT_TIMEOUT_S = 1.0
"""An abort has time of its own: left open, a transaction whose deadline has passed would hold its documents for a
minute."""

Left = Callable[[], float]
"""Seconds until the deadline."""


async def transact(
    database: AsyncDatabase[Document], session: AsyncClientSession, writes: Sequence[Write], left: Left
) -> None:
    """session: with a transaction begun; it is ended. Raises what PyMongo raises, and NothingMatched."""
    try:
        with pymongo.timeout(max(SHORTEST_TIMEOUT_S, left())):
            for name, kind, run in runs(writes):
                operations = [write.operation() for write in run]
                done = await database[name].bulk_write(operations, ordered=False, session=session)
                check_touched(name, kind, run, done)
            while not await _committed(session, left):  # noqa: ASYNC110 - the server is asked again
                await asyncio.sleep(ASK_AGAIN_S)
    finally:
        with pymongo.timeout(ABORT_TIMEOUT_S):
            await session.end_session()


async def _committed(session: AsyncClientSession, left: Left) -> bool:
    """False: the answer got lost. The same commit is asked for again: the server does it once."""
    try:
        await session.commit_transaction()
    except (ConnectionFailure, OperationFailure) as error:
        _raise_unless_unknown(error, left)
        return False
    return True


def transact_blocking(
    database: Database[Document], session: ClientSession, writes: Sequence[Write], left: Left
) -> None:
    """The same in a thread."""
    try:
        with pymongo.timeout(max(SHORTEST_TIMEOUT_S, left())):
            for name, kind, run in runs(writes):
                operations = [write.operation() for write in run]
                done = database[name].bulk_write(operations, ordered=False, session=session)
                check_touched(name, kind, run, done)
            while not _committed_blocking(session, left):
                time.sleep(ASK_AGAIN_S)
    finally:
        with pymongo.timeout(ABORT_TIMEOUT_S):
            session.end_session()


def _committed_blocking(session: ClientSession, left: Left) -> bool:
    try:
        session.commit_transaction()
    except (ConnectionFailure, OperationFailure) as error:
        _raise_unless_unknown(error, left)
        return False
    return True


def check_touched(name: str, kind: type[Write], run: Sequence[Write], done: BulkWriteResult) -> None:
    """Raises NothingMatched where fewer documents were touched than there are writes that must touch one."""
    touched = done.inserted_count if kind is Insert else done.matched_count + done.upserted_count
    if kind is Delete:
        touched = done.deleted_count
    if touched < expected_matches(run):
        raise NothingMatched(name)


def _raise_unless_unknown(error: ConnectionFailure | OperationFailure, left: Left) -> None:
    if not error.has_error_label(UNKNOWN) or left() <= 0:
        raise error
