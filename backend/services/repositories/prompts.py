"""Prompts that users keep: a bounded number each."""

from datetime import datetime

from pymongo import ReturnDocument

from backend.domain.ids import new_id
from backend.domain.prompts import MOST, Prompt
from backend.errors import Conflict
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import storable
from backend.services.scalable_database.reads import USER

COLLECTION = "prompts"

BY_ID = Query(
    "prompts.by_id",
    COLLECTION,
    lambda user_id, prompt_id: {"_id": prompt_id, "user_id": user_id},
    {"user_id": USER, "prompt_id": ("_id", "prompt_none")},
)
PAGE = Query(
    "prompts.page",
    COLLECTION,
    lambda user_id: {"user_id": user_id},
    {"user_id": USER},
    keyset=Keyset("updated_at", -1, "text"),
)
IDS = Query(
    "prompts.ids",
    COLLECTION,
    lambda user_id: {"user_id": user_id},
    {"user_id": USER},
    sort=(("_id", 1),),
    fields=("_id",),
)
QUERIES = (BY_ID, PAGE, IDS)


class PromptRepository:
    """most: how many a user may keep."""

    def __init__(self, database: ScalableDatabase, *, most: int = MOST) -> None:
        self._database = database
        self._most = most

    async def create(self, user_id: str, title: str, text: str) -> Prompt:
        """Raises Conflict (too_many_prompts). Counted after it is stored: no two at once get past the bound."""
        now = storable(self._database.now())
        document: Document = {
            "_id": new_id("prompt"),
            "user_id": user_id,
            "title": title,
            "text": text,
            "created_at": now,
            "updated_at": now,
        }
        with translated():
            await self._database.collection(COLLECTION).insert_one(document)
        if len(await self._database.find(IDS, limit=self._most + 1, user_id=user_id)) > self._most:
            await self.remove(user_id, document["_id"])
            raise Conflict(f"You have {self._most} prompts, which is the most there can be.", code="too_many_prompts")
        return _prompt_from(document)

    async def get(self, user_id: str, prompt_id: str) -> Prompt | None:
        document = await self._database.find_one(BY_ID, user_id=user_id, prompt_id=prompt_id)
        return _prompt_from(document) if document else None

    async def page(self, user_id: str, limit: int, cursor: str | None = None) -> tuple[list[Prompt], str | None]:
        """Last changed first, with the cursor of the next page. Raises InvalidInput for a bad cursor."""
        rows, following = await self._database.page(PAGE, limit=limit, cursor=cursor, user_id=user_id)
        return [_prompt_from(row) for row in rows], following

    async def replace(self, user_id: str, prompt_id: str, title: str, text: str) -> Prompt | None:
        """None: there is none."""
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                BY_ID.where(user_id=user_id, prompt_id=prompt_id),
                {"$set": {"title": title, "text": text, "updated_at": self._database.now()}},
                return_document=ReturnDocument.AFTER,
            )
        return _prompt_from(document) if document else None

    async def remove(self, user_id: str, prompt_id: str) -> bool:
        """False: there was none."""
        with translated():
            result = await self._database.collection(COLLECTION).delete_one(
                BY_ID.where(user_id=user_id, prompt_id=prompt_id)
            )
        return bool(result.deleted_count)


def _prompt_from(document: Document) -> Prompt:
    times: dict[str, datetime] = {name: document[name] for name in ("created_at", "updated_at")}
    return Prompt(document["_id"], document["user_id"], document["title"], document["text"], **times)
