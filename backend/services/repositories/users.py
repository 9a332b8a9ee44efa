"""Users: people who may sign in."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import get_args

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from backend.domain.ids import new_id
from backend.domain.users import DEFAULT_LOCALE, DEFAULT_PLAN, Locale, Profile, User, UserRole
from backend.errors import Conflict
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import Document, user_from
from backend.services.scalable_database.reads import USER_BY_ID

ROLES = get_args(UserRole)
EXTERNAL = "identity provider"

BY_EMAIL = Query(
    "users.by_email", "users", lambda email: {"email": email}, {"email": ("email", "nobody@example.invalid")}
)
FIRST_WITH_ROLE = Query(
    "users.first_with_role",
    "users",
    lambda role: {"role": role},
    {"role": ("role", "admin")},
    sort=(("_id", 1),),
    fields=("_id",),
)
RETENTION_DUE = Query(
    "users.retention_due",
    "users",
    lambda now: {"retention_due": {"$lte": now}},
    {"now": ("retention_due", datetime(2000, 1, 1, tzinfo=UTC))},
    sort=(("retention_due", 1), ("_id", 1)),
)
ERASURE_DUE = Query(
    "users.erasure_due",
    "users",
    lambda now: {"erasure_due": {"$lte": now}},
    {"now": ("erasure_due", datetime(2000, 1, 1, tzinfo=UTC))},
    sort=(("erasure_due", 1), ("_id", 1)),
    fields=("_id", "erased_at"),
)
QUERIES = (BY_EMAIL, FIRST_WITH_ROLE, RETENTION_DUE, ERASURE_DUE)


def normalise_email(email: str) -> str:
    return email.strip().lower()


def user_document(
    email: str,
    password_hash: str | None,
    name: str,
    role: UserRole,
    created_at: datetime,
    *,
    locale: Locale = DEFAULT_LOCALE,
    verified_at: datetime | None = None,
) -> Document:
    return {
        "_id": new_id("user"),
        "email": normalise_email(email),
        "password_hash": password_hash,
        "name": name,
        "role": role,
        "plan": DEFAULT_PLAN,
        "is_premium": role == "premium",
        "verified_at": verified_at,
        "locale": locale,
        "created_at": created_at.astimezone(UTC),
    }


class UserRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(
        self,
        email: str,
        password_hash: str | None,
        name: str,
        role: UserRole = "user",
        *,
        locale: Locale = DEFAULT_LOCALE,
        verified: bool = False,
    ) -> User:
        """password_hash: None for an account without a password. verified: mail to the address reaches the user.

        Raises Conflict where the address has an account already.
        """
        if role not in ROLES:
            raise ValueError(f"unknown role {role}")
        now = self._database.now()
        document = user_document(
            email, password_hash, name, role, now, locale=locale, verified_at=now if verified else None
        )
        try:
            with translated():
                await self._database.collection("users").insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict("This address has an account already.", code="email_taken") from error
        return user_from(document)

    async def by_email(self, email: str) -> User | None:
        """With the password hash."""
        document = await self._database.find_one(BY_EMAIL, email=normalise_email(email))
        return user_from(document) if document else None

    async def by_id(self, user_id: str) -> User | None:
        """With the password hash."""
        document = await self._database.find_one(USER_BY_ID, user_id=user_id)
        return user_from(document) if document else None

    async def set_password_hash(self, user_id: str, password_hash: str) -> None:
        with translated():
            await self._database.collection("users").update_one(
                USER_BY_ID.where(user_id=user_id), {"$set": {"password_hash": password_hash}}
            )

    async def set_verified(self, user_id: str) -> None:
        with translated():
            await self._database.collection("users").update_one(
                USER_BY_ID.where(user_id=user_id), {"$set": {"verified_at": self._database.now()}}
            )

    async def set_profile(self, user_id: str, profile: Profile) -> User | None:
        """The user as changed, None where there is none. A retention period applies from the next sweep on."""
        due = profile.retention_days and self._database.now()
        changes = {**asdict(profile), "retention_due": due}
        setting = {name: value for name, value in changes.items() if value is not None}
        removing = {name: "" for name, value in changes.items() if value is None}
        with translated():
            document = await self._database.collection("users").find_one_and_update(
                USER_BY_ID.where(user_id=user_id),
                {"$set": setting} | ({"$unset": removing} if removing else {}),
                return_document=ReturnDocument.AFTER,
            )
        return user_from(document) if document else None

    async def set_external_role(self, user_id: str, *, administrator: bool) -> bool:
        """As the identity provider says; an administrator whom it did not make stays one. False: nothing changed."""
        where = {**USER_BY_ID.where(user_id=user_id)}
        if administrator:
            change = {"$set": {"role": "admin", "role_by": EXTERNAL}}
            where["role"] = {"$ne": "admin"}
        else:
            change = {"$set": {"role": "user"}, "$unset": {"role_by": ""}}
            where |= {"role": "admin", "role_by": EXTERNAL}
        with translated():
            result = await self._database.collection("users").update_one(where, change)
        return result.matched_count == 1

    async def retention_due(self, now: datetime, limit: int) -> list[User]:
        """Whose conversations are to be looked through, longest due first."""
        return [user_from(row) for row in await self._database.find(RETENTION_DUE, limit=limit, now=now)]

    async def postpone_retention(self, user_id: str, due: datetime) -> None:
        await self._set(user_id, {"retention_due": due})

    async def mark_deleted(self, user_id: str, now: datetime) -> None:
        """Nothing personal is left of the document; the address is free again. Nobody can sign in as this user."""
        document = user_document(user_id, "", "", "user", now)
        del document["_id"], document["password_hash"]
        with translated():
            await self._database.collection("users").replace_one(
                USER_BY_ID.where(user_id=user_id), {**document, "erasure_due": now}
            )

    async def erasures_due(self, now: datetime, limit: int) -> list[tuple[str, bool]]:
        """(id, whether everything was erased once before) of users marked as deleted."""
        rows = await self._database.find(ERASURE_DUE, limit=limit, now=now)
        return [(row["_id"], "erased_at" in row) for row in rows]

    async def mark_erased(self, user_id: str, *, again_at: datetime) -> None:
        await self._set(user_id, {"erased_at": self._database.now(), "erasure_due": again_at})

    async def remove(self, user_id: str) -> None:
        """The mark that mark_deleted left, never an account."""
        with translated():
            await self._database.collection("users").delete_one(
                {**USER_BY_ID.where(user_id=user_id), "erased_at": {"$exists": True}}
            )

    async def _set(self, user_id: str, fields: Document) -> None:
        with translated():
            await self._database.collection("users").update_one(USER_BY_ID.where(user_id=user_id), {"$set": fields})


class AdminUserRepository:
    """For the launcher: no user stands behind these."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def has_admin(self) -> bool:
        return await self._database.find_one(FIRST_WITH_ROLE, role="admin") is not None

    async def ensure_admin(self, email: str, password_hash: str) -> bool:
        """True: the account was created. An account that has the address keeps its password and becomes admin."""
        address = normalise_email(email)
        now = self._database.now()
        document = user_document(address, password_hash, "Administrator", "admin", now, verified_at=now)
        del document["role"], document["email"]
        with translated():
            result = await self._database.collection("users").update_one(
                BY_EMAIL.where(email=address),
                {"$set": {"role": "admin"}, "$setOnInsert": document},
                upsert=True,
            )
        return result.upserted_id is not None
