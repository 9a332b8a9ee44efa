"""API keys. A revoked key leaves its hash for a while, so that who still sends it is told why, without a guess."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from backend.domain.api_keys import MAX_KEYS, ApiKey, KeyChanges
from backend.domain.users import UserRole
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import Document
from backend.services.scalable_database.reads import USER

COLLECTION = "api_keys"
KEPT = timedelta(days=30)
"""After a key was revoked or has expired."""
KEY = ("_id", "key_none")

BY_HASH = Query("api_keys.by_hash", COLLECTION, lambda key_hash: {"hash": key_hash}, {"key_hash": ("hash", "none")})
OF_USER = Query(
    "api_keys.of_user",
    COLLECTION,
    lambda user_id: {"user_id": user_id, "live": True},
    {"user_id": USER},
    sort=(("created_at", -1), ("_id", -1)),
)
ONE = Query(
    "api_keys.one",
    COLLECTION,
    lambda user_id, key_id: {"_id": key_id, "user_id": user_id, "live": True},
    {"user_id": USER, "key_id": KEY},
    kind="write",
)
CHANGED_SINCE = Query(
    "api_keys.changed_since",
    COLLECTION,
    lambda instant: {"changed_at": {"$gte": instant}},
    {"instant": ("changed_at", datetime(2000, 1, 1, tzinfo=UTC))},
    fields=("user_id",),
)
OWNER = Query(
    "users.key_owner",
    "users",
    lambda user_id: {"_id": user_id, "erasure_due": None, "disabled_at": None},
    {"user_id": ("_id", "user_none")},
    fields=("role",),
)
QUERIES = (BY_HASH, OF_USER, ONE, CHANGED_SINCE, OWNER)


class ApiKeyRepository:
    """A look-up by a key's hash has no user in its filter: who the user is, is what it tells."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(self, key: ApiKey) -> bool:
        """False: the user has MAX_KEYS keys already. Of several at once too many may be refused, never too few."""
        document = {name: value for name, value in asdict(key).items() if value is not None and name != "id"}
        document |= {"_id": key.id, "scopes": list(key.scopes), "live": True}
        if key.expires_at:
            document["purge_at"] = key.expires_at + KEPT
        with translated():
            await self._database.collection(COLLECTION).insert_one(document)
        if len(await self._of_user(key.user_id, MAX_KEYS + 1)) <= MAX_KEYS:
            return True
        with translated():
            await self._database.collection(COLLECTION).delete_one(ONE.where(user_id=key.user_id, key_id=key.id))
        return False

    async def of_user(self, user_id: str) -> list[ApiKey]:
        """Newest first, expired ones too."""
        return await self._of_user(user_id, MAX_KEYS)

    async def change(self, user_id: str, key_id: str, changes: KeyChanges) -> ApiKey | None:
        """The key as changed, None where the user has no such key."""
        fields = {name: value for name, value in asdict(changes).items() if value is not None}
        removed = {"limit": ""} if fields.get("limit") == "off" else {}
        setting = {name: value for name, value in fields.items() if name not in removed}
        update: Document = {"$set": {**setting, "changed_at": self._database.now()}}
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                ONE.where(user_id=user_id, key_id=key_id),
                update | ({"$unset": removed} if removed else {}),
                return_document=ReturnDocument.AFTER,
            )
        return api_key_from(document) if document else None

    async def revoke(self, user_id: str, key_id: str) -> bool:
        """False: the user has no such key, or it was revoked before."""
        with translated():
            result = await self._database.collection(COLLECTION).update_one(
                ONE.where(user_id=user_id, key_id=key_id), self._revocation()
            )
        return result.matched_count == 1

    async def revoke_all(self, user_id: str) -> None:
        with translated():
            await self._database.collection(COLLECTION).update_many(OF_USER.where(user_id=user_id), self._revocation())

    async def mark_changed(self, user_id: str) -> None:
        """All keys of the user, because their owner has changed."""
        with translated():
            await self._database.collection(COLLECTION).update_many(
                OF_USER.where(user_id=user_id), {"$set": {"changed_at": self._database.now()}}
            )

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        """Also where it has expired or was revoked."""
        document = await self._database.find_one(BY_HASH, key_hash=key_hash)
        return api_key_from(document) if document else None

    async def owner_role(self, user_id: str) -> UserRole | None:
        """As it is now. None: the account does not exist any more, or is closed."""
        document = await self._database.find_one(OWNER, user_id=user_id)
        role: UserRole | None = document["role"] if document else None
        return role

    async def changed_since(self, instant: datetime) -> set[str]:
        """Ids of the users whose keys were changed or revoked at or after the instant."""
        rows = await self._database.find(CHANGED_SINCE, limit=0, instant=instant)
        return {row["user_id"] for row in rows}

    async def note_use(self, uses: Iterable[tuple[str, str, datetime]]) -> None:
        """uses: (user id, key id, when) of keys that are to be marked as used; no mark ever goes back in time."""
        for user_id, key_id, at in uses:
            with translated():
                await self._database.collection(COLLECTION).update_one(
                    ONE.where(user_id=user_id, key_id=key_id), {"$max": {"last_used": at}}
                )

    async def _of_user(self, user_id: str, limit: int) -> list[ApiKey]:
        return [api_key_from(row) for row in await self._database.find(OF_USER, limit=limit, user_id=user_id)]

    def _revocation(self) -> Document:
        now = self._database.now()
        return {
            "$set": {"revoked_at": now, "changed_at": now, "purge_at": now + KEPT},
            "$unset": {"name": "", "live": ""},
        }


def api_key_from(document: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=document["_id"],
        user_id=document["user_id"],
        name=document.get("name", ""),
        prefix=document["prefix"],
        hash=document["hash"],
        scopes=tuple(document["scopes"]),
        limit=document.get("limit"),
        created_at=document["created_at"],
        expires_at=document.get("expires_at"),
        last_used=document.get("last_used"),
        revoked_at=document.get("revoked_at"),
    )
