"""ScalableDatabase: one client, its deadlines and durability, and the reads that the rest builds on."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from pymongo.errors import DuplicateKeyError, OperationFailure

from backend.domain.conversations import Conversation
from backend.domain.daily_usage import AnalyticsData, total
from backend.domain.users import User
from backend.errors import DatabaseUnavailable, InvalidInput
from backend.services.scalable_database import drift
from backend.services.scalable_database.documents import Document, conversation_from, daily_usage_from, user_from
from backend.services.scalable_database.drivers import Collection, Driver, Options, open_driver
from backend.services.scalable_database.explain import Explanation, explain
from backend.services.scalable_database.failures import translated
from backend.services.scalable_database.listener import CommandEvent, CommandFeed
from backend.services.scalable_database.memory import MemoryTransactions
from backend.services.scalable_database.queries import Query
from backend.services.scalable_database.reads import CONVERSATION_PAGES, DAILY_USAGE, SEARCHES, USER_BY_ID
from backend.services.scalable_database.text_search import TextSearch
from backend.services.scalable_database.transactions import Transactions
from backend.services.scalable_database.user_cache import UserCache, decode_user, encode_user
from backend.services.scalable_database.writes import Write
from backend.services.tasks import end

INDEX_PAUSE_S = 1.0
INDEX_LONGEST_PAUSE_S = 60.0
INDEX_NOT_FOUND = 27
BATCH_SIZE = 1_000
"""Documents of one round trip; the server's own first batch of 101 would take a second one for a month of counters."""


class ScalableDatabase:
    """MongoDB through Motor (default), PyMongo's async client, or memory. Between start() and close() it is usable.

    Every operation is bounded by timeout_s and raises DatabaseUnavailable or DeadlineExceeded. Writes are
    acknowledged by a majority with their journal. on_command is called on the event loop for every command.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        driver: Literal["motor", "pymongo"] = "motor",
        pool_max: int = 100,
        pool_min: int = 10,
        timeout_s: float = 5.0,
        on_command: Callable[[CommandEvent], None] | None = None,
        slow_s: float = 0.3,
        user_cache: UserCache | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self.now = now
        self._url = url
        self._driver_name = driver
        self._pool = (pool_max, pool_min)
        self._on_command = on_command
        self._slow_s = slow_s
        self._user_cache = user_cache
        self._driver: Driver | None = None
        self._commits: set[asyncio.Task[None]] = set()
        self._index_task: asyncio.Task[None] | None = None

    async def start(self, *, create_indexes: bool = True) -> None:
        """Opens the client without waiting for the server. Missing indexes are created in the background."""
        feed = CommandFeed(asyncio.get_running_loop(), self._on_command, self._slow_s)
        self._driver = open_driver(
            self._driver_name, Options(self._url, self.name, *self._pool, timeout_s=self.timeout_s, listener=feed)
        )
        if not self.driver.transactions:
            await drift.create_in_memory(self.driver)
        elif create_indexes:
            work = drift.create_until_done(self.driver, pause_s=INDEX_PAUSE_S, longest_pause_s=INDEX_LONGEST_PAUSE_S)
            self._index_task = asyncio.create_task(work, name="create_indexes")

    async def close(self) -> None:
        """Ends the background work; a commit under way finishes first. The client is closed."""
        await end(self._index_task)
        if self._commits:
            await asyncio.wait(self._commits)
        if self._driver:
            await self._driver.close()
            self._driver = None

    @property
    def driver(self) -> Driver:
        if self._driver is None:
            raise DatabaseUnavailable("The database is not open.")
        return self._driver

    @property
    def in_memory(self) -> bool:
        return not self.driver.transactions

    async def ping(self) -> float:
        """Seconds of a round trip. Raises DatabaseUnavailable."""
        started = time.perf_counter()
        with translated():
            await self.driver.admin_command({"ping": 1})
        return time.perf_counter() - started

    def collection(self, name: str) -> Collection:
        """For repositories, which call it within `translated()`."""
        return self.driver.collection(name)

    async def insert(self, collection: str, document: Document) -> bool:
        """False: a unique index has it already, and nothing changes."""
        try:
            with translated():
                await self.collection(collection).insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def find_one(self, query: Query, **arguments: object) -> Document | None:
        with translated():
            return await self.collection(query.collection).find_one(
                query.where(**arguments), query.projection, sort=list(query.order) or None
            )

    async def find(self, query: Query, *, limit: int, **arguments: object) -> list[Document]:
        with translated():
            cursor = self.collection(query.collection).find(
                query.where(**arguments),
                query.projection,
                limit=limit,
                sort=list(query.order) or None,
                batch_size=limit or BATCH_SIZE,
            )
            return await cursor.to_list(None)

    async def page(
        self, query: Query, *, limit: int, cursor: str | None, **arguments: object
    ) -> tuple[list[Document], str | None]:
        """Up to limit documents and the cursor of the next page, None at the end. InvalidInput: a bad cursor."""
        if query.keyset is None:
            raise ValueError(f"{query.name} has no keyset")
        where = query.keyset.following(query.where(**arguments), cursor)
        with translated():
            found = self.collection(query.collection).find(
                where, query.projection, limit=limit + 1, sort=list(query.order), batch_size=limit + 1
            )
            rows = await found.to_list(None)
        more = len(rows) > limit
        return rows[:limit], query.keyset.encode(rows[limit - 1]) if more else None

    async def aggregate(self, query: Query, **arguments: object) -> list[Document]:
        pipeline = [{"$match": query.where(**arguments)}, *query.stages]
        with translated():
            return await self.driver.aggregate(query.collection, pipeline)

    async def batches(
        self, collection: str, where: Document, *, size: int = 500
    ) -> AsyncGenerator[list[Document], None]:
        """All matching documents in the order of _id, size at a time. No cursor stays open between batches."""
        last: Document = {}
        while True:
            with translated():
                found = self.collection(collection).find({**where, **last}, limit=size, sort=[("_id", 1)])
                rows = await found.to_list(None)
            if rows:
                yield rows
            if len(rows) < size:
                return
            last = {"_id": {"$gt": rows[-1]["_id"]}}

    async def commit(self, writes: Sequence[Write], *, timeout_s: float | None = None) -> None:
        """All writes in one transaction, or none. It ends even where the caller is cancelled.

        Raises NothingMatched and AlreadyStored where the writes contradict what is stored.
        """
        transactions = Transactions(self.driver) if self.driver.transactions else MemoryTransactions(self.driver)
        task = asyncio.create_task(transactions.commit(writes, timeout_s=timeout_s or self.timeout_s))
        self._commits.add(task)
        task.add_done_callback(self._commit_ended)
        await asyncio.shield(task)

    def _commit_ended(self, task: asyncio.Task[None]) -> None:
        self._commits.discard(task)
        if not task.cancelled():
            task.exception()  # seen: a caller that is still there has it from the task

    async def explain(self, query: Query) -> Explanation:
        return await explain(self.driver, query)

    async def ensure_indexes(self) -> list[str]:
        """Creates missing indexes now; their names as collection.name."""
        if self.in_memory:
            return []
        return await drift.create_missing(self.driver)

    async def index_drift(self) -> drift.Drift:
        return await drift.find_drift(self.driver)

    async def get_user_with_cache(self, user_id: str) -> User | None:
        """The user without the password hash, from the cache where one was given and knows them."""
        if self._user_cache and (stored := await self._user_cache.get_session(user_id)):
            user = decode_user(user_id, stored)
            if user:
                return user
        document = await self.find_one(USER_BY_ID, user_id=user_id)
        if document is None:
            return None
        user = user_from({**document, "password_hash": None})
        if self._user_cache:
            await self._user_cache.set_session(user_id, encode_user(user))
        return user

    async def get_user_conversations(
        self,
        user_id: str,
        limit: int,
        cursor: str | None = None,
        *,
        archived: bool = False,
        pinned: bool | None = None,
        folder_id: str | None = None,
    ) -> tuple[list[Conversation], str | None]:
        """Most recently used first, with the cursor of the next page. pinned, folder_id None: whatever they are."""
        asked = {"pinned": pinned, "folder_id": folder_id}
        asked = {name: value for name, value in asked.items() if value is not None}
        query = CONVERSATION_PAGES[frozenset(asked)]
        rows, following = await self.page(
            query, limit=limit, cursor=cursor, user_id=user_id, archived=archived, **asked
        )
        return [conversation_from(row) for row in rows], following

    async def get_analytics_data(self, user_id: str, days: int) -> AnalyticsData:
        """The last `days` days in UTC, today among them."""
        since = (self.now().astimezone(UTC) - timedelta(days=days - 1)).date().isoformat()
        documents = await self.find(DAILY_USAGE, limit=0, user_id=user_id, since=since)
        rows = tuple(daily_usage_from(document) for document in documents)
        return AnalyticsData(user_id, days, rows, total(rows))

    async def search(
        self, collection: str, user_id: str, words: Sequence[str], limit: int, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """The user's documents that contain every word, newest first, with the cursor of the next page.

        words: without quotes and backslashes. Case and accents do not count.
        """
        if self.in_memory:
            raise DatabaseUnavailable(
                "Text search needs a MongoDB; this server keeps its data in memory.", code="search_unavailable"
            )
        if collection not in SEARCHES:
            raise InvalidInput("This collection has no text index.", code="not_searchable")
        try:
            with translated():
                return await TextSearch(self.driver, SEARCHES[collection], user_id, words).page(limit, cursor)
        except OperationFailure as error:
            if error.code != INDEX_NOT_FOUND:
                raise
            raise DatabaseUnavailable("The text index is still being built.", code="search_unavailable") from error
