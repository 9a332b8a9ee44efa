"""Transactions for memory://: one write after the other, undone in reverse where one fails.

mongomock never yields to the event loop within a call, so nothing else runs in between.
"""

from collections.abc import Awaitable, Callable, Sequence

from pymongo.errors import DuplicateKeyError

from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.drivers import Collection, Driver
from backend.services.scalable_database.writes import AlreadyStored, Delete, Insert, NothingMatched, Update, Write

Undo = Callable[[], Awaitable[object]]


class MemoryTransactions:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def commit(self, writes: Sequence[Write], *, timeout_s: float) -> None:
        """As Transactions.commit, within this process."""
        undo: list[Undo] = []
        try:
            for write in writes:
                # What was done must be known before the next write fails.
                undo.append(await self._apply(self._driver.collection(write.collection), write))  # noqa: PERF401
        except BaseException:
            for step in reversed(undo):
                await step()
            raise

    async def _apply(self, collection: Collection, write: Write) -> Undo:
        match write:
            case Insert():
                try:
                    await collection.insert_one(write.document)
                except DuplicateKeyError as error:
                    raise AlreadyStored(write.collection) from error
                return lambda: collection.delete_one({"_id": write.document["_id"]})
            case Update():
                return await self._update(collection, write)
            case Delete():
                return await self._delete(collection, write)

    async def _update(self, collection: Collection, write: Update) -> Undo:
        before = await collection.find_one(write.filter)
        if before is None:
            result = await collection.update_one(write.filter, write.update, upsert=write.upsert)
            if result.upserted_id is None:
                raise NothingMatched(write.collection)
            return lambda: collection.delete_one({"_id": result.upserted_id})

        def restore() -> Awaitable[object]:
            return collection.replace_one({"_id": before["_id"]}, before)

        try:
            await collection.update_one(write.filter, write.update)
        except BaseException:
            await restore()  # mongomock changes the document first and refuses it then
            raise
        return restore

    async def _delete(self, collection: Collection, write: Delete) -> Undo:
        before: list[Document] = await collection.find(write.filter).to_list(None)
        if not write.many:
            before = before[:1]
            if not before:
                raise NothingMatched(write.collection)
        await collection.delete_many({"_id": {"$in": [row["_id"] for row in before]}})

        async def restore() -> None:
            for row in before:
                await collection.insert_one(row)

        return restore
