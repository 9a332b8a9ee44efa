"""Applies what is missing, in order, under a lease: of several processes that start at once one does the work."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from backend.domain.ids import new_id
from backend.errors import DatabaseUnavailable
from backend.services.repositories.leases import LeaseRepository
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.tasks import end

COLLECTION = "migrations"
LEASE = "migrations"
LEASE_S = 30.0
POLL_S = 0.1

APPLIED = Query("migrations.applied", COLLECTION, dict, {}, sort=(("_id", 1),), fields=("_id",))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Migration:
    """run is idempotent: a crash between it and its record makes it run again."""

    number: int
    name: str
    run: Callable[[ScalableDatabase], Awaitable[None]]


class DatabaseIsNewer(Exception):
    """A later release has migrated the database: this one might misread it."""


class NotAReplicaSet(Exception):
    """The server cannot do transactions, without which the ledger is not safe."""


class Migrations:
    """table: in ascending order of number. wait_s: how long to wait for another process that is migrating."""

    def __init__(self, database: ScalableDatabase, table: Sequence[Migration], *, wait_s: float = 300.0) -> None:
        numbers = [migration.number for migration in table]
        if numbers != sorted(set(numbers)):
            raise ValueError("migrations are numbered in ascending order, each number once")
        self._database = database
        self._table = tuple(table)
        self._wait_s = wait_s
        self._leases = LeaseRepository(database)
        self._owner = new_id("migrator")

    async def apply(self) -> list[int]:
        """Numbers of the migrations that this call applied.

        Raises NotAReplicaSet, DatabaseIsNewer, DatabaseUnavailable (also where another process does not finish).
        """
        await self._require_transactions()
        if not await self._missing():
            return []
        async with self._lease():
            missing = await self._missing()
            for migration in missing:
                await self._apply(migration)
        return [migration.number for migration in missing]

    async def _missing(self) -> list[Migration]:
        applied = {row["_id"] for row in await self._database.find(APPLIED, limit=0)}
        unknown = applied - {migration.number for migration in self._table}
        if unknown:
            raise DatabaseIsNewer(f"The database has migrations that this release does not know: {sorted(unknown)}.")
        return [migration for migration in self._table if migration.number not in applied]

    async def _apply(self, migration: Migration) -> None:
        started = time.perf_counter()
        await migration.run(self._database)
        record = {"name": migration.name, "applied_at": self._database.now(), "by": self._owner}
        with translated():
            await self._database.collection(COLLECTION).update_one(
                {"_id": migration.number}, {"$setOnInsert": record}, upsert=True
            )
        seconds = round(time.perf_counter() - started, 3)
        log.info("migration_applied", number=migration.number, name=migration.name, seconds=seconds)

    async def _require_transactions(self) -> None:
        if self._database.in_memory:
            return
        with translated():
            hello = await self._database.driver.admin_command({"hello": 1})
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise NotAReplicaSet(
                "MONGO_URL names a standalone MongoDB. Start mongod with --replSet and run rs.initiate() once: "
                "one member is enough."
            )

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[None]:
        """Held and renewed until the block ends. A holder that died is followed after LEASE_S."""
        try:
            async with asyncio.timeout(self._wait_s):
                while not await self._leases.acquire(LEASE, self._owner, LEASE_S):  # noqa: ASYNC110 - it is in MongoDB
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DatabaseUnavailable("Another process is migrating the database and does not finish.") from error
        renewing = asyncio.create_task(self._renew(), name="migration_lease")
        try:
            yield
        finally:
            await end(renewing)
            await self._leases.release(LEASE, self._owner)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                await self._leases.acquire(LEASE, self._owner, LEASE_S)
            except DatabaseUnavailable:
                log.warning("migration_lease_not_renewed")
