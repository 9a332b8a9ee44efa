"""Leases: one holder of a name over all workers, for as long as it renews."""

from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from backend.services.scalable_database import Query, ScalableDatabase, translated

COLLECTION = "leases"

AVAILABLE = Query(
    "leases.available",
    COLLECTION,
    lambda name, owner, now: {"_id": name, "$or": [{"owner": owner}, {"expires_at": {"$lte": now}}]},
    {"name": ("_id", "none"), "owner": ("owner", "none"), "now": ("expires_at", None)},
    kind="write",
)
HELD = Query(
    "leases.held",
    COLLECTION,
    lambda name, owner: {"_id": name, "owner": owner},
    {"name": ("_id", "none"), "owner": ("owner", "none")},
    kind="write",
)
QUERIES = (AVAILABLE, HELD)


class LeaseRepository:
    """Instants are the machines' own clocks: they must agree within a fraction of ttl_s (NTP does far better)."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def acquire(self, name: str, owner: str, ttl_s: float) -> bool:
        """Takes or renews the lease. False: another owner holds it."""
        now = self._database.now()
        try:
            with translated():
                await self._database.collection(COLLECTION).update_one(
                    AVAILABLE.where(name=name, owner=owner, now=now),
                    {"$set": {"owner": owner, "expires_at": now + timedelta(seconds=ttl_s)}},
                    upsert=True,
                )
        except DuplicateKeyError:  # it exists and is held: the upsert tried to insert it a second time
            return False
        return True

    async def release(self, name: str, owner: str) -> None:
        with translated():
            await self._database.collection(COLLECTION).delete_one(HELD.where(name=name, owner=owner))
