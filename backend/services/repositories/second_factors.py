"""Second factors: one document a user. What may happen once happens in one update, over all workers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from backend.domain.second_factors import SecondFactor
from backend.services.scalable_database import Document, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import second_factor_from
from backend.services.scalable_database.reads import USER

COLLECTION = "second_factors"
SECRET = ("secret", "none")

OF_USER = Query("second_factors.of_user", COLLECTION, lambda user_id: {"user_id": user_id}, {"user_id": USER})
NOT_ENABLED = Query(
    "second_factors.not_enabled",
    COLLECTION,
    lambda user_id: {"user_id": user_id, "enabled_at": None},
    {"user_id": USER},
    kind="write",
)
PENDING = Query(
    "second_factors.pending",
    COLLECTION,
    lambda user_id, secret, now: {
        "user_id": user_id,
        "secret": secret,
        "enabled_at": None,
        "expires_at": {"$gt": now},
    },
    {"user_id": USER, "secret": SECRET, "now": ("created_at", datetime(2000, 1, 1, tzinfo=UTC))},
    kind="write",
)
BEFORE_STEP = Query(
    "second_factors.before_step",
    COLLECTION,
    lambda user_id, secret, step: {"user_id": user_id, "secret": secret, "last_step": {"$lt": step}},
    {"user_id": USER, "secret": SECRET, "step": ("none", 2**53)},
    kind="write",
)
WITH_CODE = Query(
    "second_factors.with_code",
    COLLECTION,
    lambda user_id, code_hash: {"user_id": user_id, "recovery_codes": code_hash},
    {"user_id": USER, "code_hash": ("recovery_codes", "none")},
    kind="write",
)
QUERIES = (OF_USER, NOT_ENABLED, PENDING, BEFORE_STEP, WITH_CODE)


class SecondFactorRepository:
    """secret: sealed, and with the user's id what names a factor. Codes are SHA-256 hashes."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def get(self, user_id: str) -> SecondFactor | None:
        """Also where it is pending."""
        document = await self._database.find_one(OF_USER, user_id=user_id)
        return second_factor_from(document) if document else None

    async def begin(self, user_id: str, secret: str, now: datetime, expires_at: datetime) -> bool:
        """Pending, in place of another that is pending. False: the user has one that is enabled."""
        try:
            with translated():
                await self._database.collection(COLLECTION).update_one(
                    NOT_ENABLED.where(user_id=user_id),
                    {"$set": {"secret": secret, "created_at": now, "expires_at": expires_at}},
                    upsert=True,
                )
        except DuplicateKeyError:  # the enabled one does not match, so the upsert tried to insert a second
            return False
        return True

    async def enable(self, user_id: str, secret: str, now: datetime, step: int, codes: Sequence[str]) -> bool:
        """step: that it was confirmed with. False: it is not pending any more, or another was begun since."""
        return await self._update(
            PENDING.where(user_id=user_id, secret=secret, now=now),
            {
                "$set": {"enabled_at": now, "last_step": step, "recovery_codes": list(codes)},
                "$unset": {"expires_at": ""},
            },
        )

    async def take_step(self, user_id: str, secret: str, step: int) -> bool:
        """True to one caller: this step and all before it are used up."""
        return await self._update(
            BEFORE_STEP.where(user_id=user_id, secret=secret, step=step), {"$set": {"last_step": step}}
        )

    async def take_code(self, user_id: str, code_hash: str) -> bool:
        """True to one caller: this recovery code is used up."""
        return await self._update(
            WITH_CODE.where(user_id=user_id, code_hash=code_hash), {"$pull": {"recovery_codes": code_hash}}
        )

    async def replace_codes(self, user_id: str, codes: Sequence[str]) -> None:
        await self._update(OF_USER.where(user_id=user_id), {"$set": {"recovery_codes": list(codes)}})

    async def remove(self, user_id: str) -> bool:
        """False: there was none."""
        with translated():
            result = await self._database.collection(COLLECTION).delete_one(OF_USER.where(user_id=user_id))
        return result.deleted_count == 1

    async def _update(self, where: Document, update: Document) -> bool:
        with translated():
            result = await self._database.collection(COLLECTION).update_one(where, update)
        return result.matched_count == 1
