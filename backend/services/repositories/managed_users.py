"""People's accounts as administrators find and change them."""

from collections.abc import Iterable

from pymongo import ReturnDocument

from backend.domain.budgets import Budget
from backend.domain.users import ManagedUser, UserRole
from backend.services.repositories.users import normalise_email
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import user_from
from backend.services.scalable_database.reads import USER_BY_ID

COLLECTION = "users"
LAST_CHARACTER = "\U0010ffff"
NEWEST_FIRST = Keyset("created_at", -1, "text")
BY_ADDRESS = (("email", 1),)
ROLE = ("role", "user")
BEGINNING = ("email", "nobody@example.invalid")


def _page(role: str | None = None) -> Document:
    """Without those who have left, whose documents are about to go."""
    return {"erasure_due": None, **({"role": role} if role else {})}


def _search(beginning: str, role: str | None = None) -> Document:
    return {**_page(role), "email": {"$gte": beginning, "$lt": beginning + LAST_CHARACTER}}


PAGE = Query("users.page", COLLECTION, _page, {}, keyset=NEWEST_FIRST)
PAGE_OF_ROLE = Query("users.page_of_role", COLLECTION, _page, {"role": ROLE}, keyset=NEWEST_FIRST)
SEARCH = Query("users.search", COLLECTION, _search, {"beginning": BEGINNING}, sort=BY_ADDRESS)
SEARCH_OF_ROLE = Query(
    "users.search_of_role", COLLECTION, _search, {"beginning": BEGINNING, "role": ROLE}, sort=BY_ADDRESS
)
NAMED = Query(
    "users.named",
    COLLECTION,
    lambda user_ids: {"_id": {"$in": list(user_ids)}},
    {"user_ids": ("_id", ["user_none"])},
    fields=("email",),
)
CHANGE = Query(
    "users.change",
    COLLECTION,
    lambda user_id: {"_id": user_id, "erasure_due": None},
    {"user_id": ("_id", "user_none")},
    kind="write",
)
QUERIES = (PAGE, PAGE_OF_ROLE, SEARCH, SEARCH_OF_ROLE, NAMED, CHANGE)


class AdminAccountRepository:
    """Of all users."""

    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def page(self, role: UserRole | None, limit: int, cursor: str | None) -> tuple[list[ManagedUser], str | None]:
        """Newest first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        query, arguments = (PAGE_OF_ROLE, {"role": role}) if role else (PAGE, {})
        rows, following = await self._database.page(query, limit=limit, cursor=cursor, **arguments)
        return [_managed(row) for row in rows], following

    async def search(self, beginning: str, role: UserRole | None, limit: int) -> list[ManagedUser]:
        """Whose address begins so, in the order of the addresses."""
        query, arguments = (SEARCH_OF_ROLE, {"role": role}) if role else (SEARCH, {})
        rows = await self._database.find(query, limit=limit, beginning=normalise_email(beginning), **arguments)
        return [_managed(row) for row in rows]

    async def emails(self, user_ids: Iterable[str]) -> dict[str, str]:
        """By id, of those who still have an account."""
        wanted = tuple(user_ids)
        rows = await self._database.find(NAMED, limit=len(wanted), user_ids=wanted) if wanted else []
        return {row["_id"]: row["email"] for row in rows if row["email"] != row["_id"]}

    async def change(
        self, user_id: str, *, role: UserRole | None, disabled: bool | None
    ) -> tuple[ManagedUser, ManagedUser] | None:
        """(before, after); what is None stays. None: there is no such user. Durable on return."""
        change: Document = {"$set": {"role": role, "is_premium": role == "premium"}} if role else {}
        if disabled:
            change["$min"] = {"disabled_at": self._database.now()}  # where it is closed already, since then
        elif disabled is False:
            change["$unset"] = {"disabled_at": ""}
        before = await self._change(user_id, change)
        after = await self._database.find_one(USER_BY_ID, user_id=user_id)
        return (_managed(before), _managed(after)) if before and after else None

    async def _change(self, user_id: str, change: Document) -> Document | None:
        if not change:
            return await self._database.find_one(CHANGE, user_id=user_id)
        with translated():
            return await self._database.collection(COLLECTION).find_one_and_update(
                CHANGE.where(user_id=user_id), change, return_document=ReturnDocument.BEFORE
            )


def _managed(document: Document) -> ManagedUser:
    budget = document.get("budget")
    user = user_from({**document, "password_hash": None})
    return ManagedUser(user, Budget(budget["tokens"], budget["cost"]) if budget else None)
