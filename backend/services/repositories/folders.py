"""Folders: names under which their owners gather conversations."""

from datetime import datetime

from pymongo import ReturnDocument

from backend.domain.conversations import Folder
from backend.domain.ids import new_id
from backend.errors import Conflict
from backend.services.scalable_database import Document, Keyset, Query, ScalableDatabase, translated
from backend.services.scalable_database.documents import storable
from backend.services.scalable_database.reads import USER

COLLECTION = "folders"
MAX_FOLDERS = 100

PAGE = Query(
    "folders.page",
    COLLECTION,
    lambda user_id: {"user_id": user_id},
    {"user_id": USER},
    keyset=Keyset("created_at", 1, "text"),
)
BY_ID = Query(
    "folders.by_id",
    COLLECTION,
    lambda user_id, folder_id: {"_id": folder_id, "user_id": user_id},
    {"user_id": USER, "folder_id": ("_id", "folder_none")},
)
CONTENTS = Query(
    "folders.contents",
    "conversations",
    lambda user_id, folder_id: {
        "user_id": user_id,
        "state": {"$in": ["kept", "temporary", "deleted"]},
        "archived": {"$in": [False, True]},
        "folder_id": folder_id,
    },
    {"user_id": USER, "folder_id": ("folder_id", "folder_none")},
    kind="write",
)
QUERIES = (PAGE, BY_ID, CONTENTS)


class FolderRepository:
    def __init__(self, database: ScalableDatabase) -> None:
        self._database = database

    async def get(self, user_id: str, folder_id: str) -> Folder | None:
        document = await self._database.find_one(BY_ID, user_id=user_id, folder_id=folder_id)
        return _folder(document) if document else None

    async def page(self, user_id: str, limit: int, cursor: str | None = None) -> tuple[list[Folder], str | None]:
        """In the order in which they were made, with the cursor of the next page. InvalidInput: a bad cursor."""
        rows, following = await self._database.page(PAGE, limit=limit, cursor=cursor, user_id=user_id)
        return [_folder(row) for row in rows], following

    async def create(self, user_id: str, name: str) -> Folder:
        """Raises Conflict where the user has as many as there may be."""
        if len(await self._database.find(PAGE, limit=MAX_FOLDERS, user_id=user_id)) == MAX_FOLDERS:
            raise Conflict(f"You have {MAX_FOLDERS} folders: delete one first.")
        created_at = storable(self._database.now())
        document: Document = {"_id": new_id("folder"), "name": name, "created_at": created_at}
        with translated():
            await self._database.collection(COLLECTION).insert_one({**document, "user_id": user_id})
        return _folder(document)

    async def rename(self, user_id: str, folder_id: str, name: str) -> Folder | None:
        """As it is afterwards, None where there is none."""
        with translated():
            document = await self._database.collection(COLLECTION).find_one_and_update(
                BY_ID.where(user_id=user_id, folder_id=folder_id),
                {"$set": {"name": name}},
                return_document=ReturnDocument.AFTER,
            )
        return _folder(document) if document else None

    async def delete(self, user_id: str, folder_id: str) -> bool:
        """Its conversations stay, in no folder. False: there was none.

        Emptied before and after: a crash leaves a folder with less in it, and no conversation in a folder that is gone.
        """
        if await self.get(user_id, folder_id) is None:
            return False
        await self._empty(user_id, folder_id)
        with translated():
            result = await self._database.collection(COLLECTION).delete_one(
                BY_ID.where(user_id=user_id, folder_id=folder_id)
            )
        await self._empty(user_id, folder_id)
        return result.deleted_count == 1

    async def _empty(self, user_id: str, folder_id: str) -> None:
        with translated():
            await self._database.collection("conversations").update_many(
                CONTENTS.where(user_id=user_id, folder_id=folder_id), {"$set": {"folder_id": None}}
            )


def _folder(document: Document) -> Folder:
    created_at: datetime = document["created_at"]
    return Folder(document["_id"], document["name"], created_at)
