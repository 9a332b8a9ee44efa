"""Folders of the caller's conversations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from backend.domain.doc import Doc
from backend.domain.updates import FOLDERS_CHANGED
from backend.errors import NotFound
from backend.routes.conversation_shapes import NOT_FOUND
from backend.routes.deps import AetherServices, ConversationReader, ConversationWriter
from backend.routes.pages import MAX_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

MAX_NAME_CHARACTERS = 80

router = APIRouter(prefix="/api/folders", tags=["conversations"], responses=PROBLEMS)

FolderId = Annotated[str, Path(max_length=100, description="A folder of the caller's")]
FolderName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS), CLEAN
]


class FolderBody(Shape):
    name: Annotated[FolderName, Doc("1 to 80 characters after trimming")]


class FolderShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("As folder_id takes it")]
    name: Annotated[str, Doc("For people; two folders may have the same")]
    created_at: Annotated[datetime, Doc("When it was made")]


class FolderPage(BaseModel):
    items: Annotated[list[FolderShape], Doc("In the order in which they were made")]
    next_cursor: NextCursor


@router.get("")
async def list_folders(
    services: AetherServices, user: ConversationReader, limit: Limit = MAX_LIMIT, cursor: Cursor = None
) -> FolderPage:
    """The caller's folders; all of them fit on a page."""
    found, next_cursor = await services.folders.page(user.user_id, limit, cursor)
    return FolderPage(items=[FolderShape.model_validate(folder) for folder in found], next_cursor=next_cursor)


@router.post("", status_code=201, responses=problem_responses(409, 413))
async def create_folder(services: AetherServices, user: ConversationWriter, body: FolderBody) -> FolderShape:
    """A folder without conversations; a user has a hundred at most."""
    folder = await services.folders.create(user.user_id, body.name)
    services.updates.tell(user.user_id, FOLDERS_CHANGED)
    return FolderShape.model_validate(folder)


@router.patch("/{folder_id}", responses=NOT_FOUND | problem_responses(413))
async def rename_folder(
    services: AetherServices, user: ConversationWriter, folder_id: FolderId, body: FolderBody
) -> FolderShape:
    """Renames a folder."""
    renamed = await services.folders.rename(user.user_id, folder_id, body.name)
    if renamed is None:
        raise unknown_folder()
    services.updates.tell(user.user_id, FOLDERS_CHANGED)
    return FolderShape.model_validate(renamed)


@router.delete("/{folder_id}", status_code=204, responses=NOT_FOUND)
async def delete_folder(services: AetherServices, user: ConversationWriter, folder_id: FolderId) -> None:
    """Deletes a folder; its conversations stay, in no folder."""
    if not await services.folders.delete(user.user_id, folder_id):
        raise unknown_folder()
    services.updates.tell(user.user_id, FOLDERS_CHANGED)


def unknown_folder() -> NotFound:
    return NotFound("You have no folder with this id.")
