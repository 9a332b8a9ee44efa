"""Users: people who may sign in."""

from datetime import UTC, datetime
from typing import get_args

from pymongo.errors import DuplicateKeyError

from backend.domain.ids import new_id
from backend.domain.users import DEFAULT_PLAN, User, UserRole
from backend.errors import Conflict
from backend.services.scalable_database import Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import Document, user_from
from backend.services.scalable_database.reads import USER_BY_ID

ROLES = get_args(UserRole)

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
QUERIES = (BY_EMAIL, FIRST_WITH_ROLE)


def normalise_email(email: str) -> str:
    return email.strip().lower()


def user_document(email: str, password_hash: str, name: str, role: UserRole, created_at: datetime) -> Document:
    return {
        "_id": new_id("user"),
        "email": normalise_email(email),
        "password_hash": password_hash,
        "name": name,
        "role": role,
        "plan": DEFAULT_PLAN,
        "is_premium": role == "premium",
        "verified_at": None,
        "created_at": created_at.astimezone(UTC),
    }


class UserRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def create(self, email: str, password_hash: str, name: str, role: UserRole = "user") -> User:
        """Raises Conflict where the address has an account already."""
        if role not in ROLES:
            raise ValueError(f"unknown role {role}")
        document = user_document(email, password_hash, name, role, self._database.now())
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


class AdminUserRepository:
    """For the launcher: no user stands behind these."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def has_admin(self) -> bool:
        return await self._database.find_one(FIRST_WITH_ROLE, role="admin") is not None

    async def ensure_admin(self, email: str, password_hash: str) -> bool:
        """True: the account was created. An account that has the address keeps its password and becomes admin."""
        address = normalise_email(email)
        document = user_document(address, password_hash, "Administrator", "admin", self._database.now())
        del document["role"], document["email"]
        with translated():
            result = await self._database.collection("users").update_one(
                BY_EMAIL.where(email=address),
                {"$set": {"role": "admin"}, "$setOnInsert": document},
                upsert=True,
            )
        return result.upserted_id is not None
