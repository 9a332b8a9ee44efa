"""Idempotency keys: one request a key, its answer replayed for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from backend.errors import IdempotencyMismatch
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated
from backend.services.scalable_database.reads import USER

COLLECTION = "idempotency_keys"
KEPT = timedelta(hours=24)
KEY = ("key", "none")
REQUEST = ("request_id", "req_none")

BY_KEY = Query(
    "idempotency.by_key",
    COLLECTION,
    lambda user_id, key: {"user_id": user_id, "key": key},
    {"user_id": USER, "key": KEY},
)
EXPIRED_LEASE = Query(
    "idempotency.expired_lease",
    COLLECTION,
    lambda user_id, key, body_hash, now: {
        "user_id": user_id,
        "key": key,
        "body_hash": body_hash,
        "state": "running",
        "lease_until": {"$lte": now},
    },
    {"user_id": USER, "key": KEY, "body_hash": ("body_hash", "none"), "now": ("lease_until", None)},
    kind="write",
)
RUNNING = Query(
    "idempotency.running",
    COLLECTION,
    lambda user_id, key, request_id: {
        "user_id": user_id,
        "key": key,
        "request_id": request_id,
        "state": "running",
    },
    {"user_id": USER, "key": KEY, "request_id": REQUEST},
    kind="write",
)
QUERIES = (BY_KEY, EXPIRED_LEASE, RUNNING)


@dataclass(frozen=True, slots=True)
class Started:
    """The caller runs the request, and finishes or releases the key."""


@dataclass(frozen=True, slots=True)
class Running:
    """Another request with this key is under way."""

    request_id: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Replay:
    response: Mapping[str, Any]
    status: int


Beginning = Started | Running | Replay


class IdempotencyRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def begin(self, user_id: str, key: str, body_hash: str, request_id: str, lease_until: datetime) -> Beginning:
        """Takes the key, or says who has it. A lease that ran out is taken over.

        Raises IdempotencyMismatch where the key belongs to another body.
        """
        if await self._insert(user_id, key, body_hash, request_id, lease_until):
            return Started()
        stored = await self._database.find_one(BY_KEY, user_id=user_id, key=key)
        if stored is None:  # released or expired in between
            return await self.begin(user_id, key, body_hash, request_id, lease_until)
        if stored["body_hash"] != body_hash:
            raise IdempotencyMismatch("This Idempotency-Key was used with another request body.")
        if stored["state"] == "done":
            return Replay(stored["response"], stored["status"])
        if stored["lease_until"] <= self._database.now() and await self._take_over(
            user_id, key, body_hash, request_id, lease_until
        ):
            return Started()
        return Running(stored["request_id"], stored["lease_until"])

    async def finish(
        self, user_id: str, key: str, request_id: str, response: Mapping[str, Any], status: int = 200
    ) -> bool:
        """Keeps the answer for replays. False: the lease ran out and another request took the key over."""
        done = {"state": "done", "response": dict(response), "status": status}
        with translated():
            result = await self._database.collection(COLLECTION).update_one(
                RUNNING.where(user_id=user_id, key=key, request_id=request_id), {"$set": done}
            )
        return result.matched_count == 1

    async def release(self, user_id: str, key: str, request_id: str) -> None:
        """Gives the key back: the request failed in a way that a repetition may cure."""
        with translated():
            await self._database.collection(COLLECTION).delete_one(
                RUNNING.where(user_id=user_id, key=key, request_id=request_id)
            )

    async def _insert(self, user_id: str, key: str, body_hash: str, request_id: str, lease_until: datetime) -> bool:
        now = self._database.now()
        document: Document = {
            "user_id": user_id,
            "key": key,
            "body_hash": body_hash,
            "request_id": request_id,
            "state": "running",
            "lease_until": lease_until,
            "created_at": now,
            "expires_at": now + KEPT,
        }
        return await self._database.insert(COLLECTION, document)

    async def _take_over(self, user_id: str, key: str, body_hash: str, request_id: str, lease_until: datetime) -> bool:
        with translated():
            taken = await self._database.collection(COLLECTION).find_one_and_update(
                EXPIRED_LEASE.where(user_id=user_id, key=key, body_hash=body_hash, now=self._database.now()),
                {"$set": {"request_id": request_id, "lease_until": lease_until}},
                return_document=ReturnDocument.AFTER,
            )
        return taken is not None
