"""A user's stored conversations: lists, messages, changes, deletion."""

import asyncio

from fastapi import APIRouter

from backend.domain.updates import conversation_changed, conversation_deleted
from backend.errors import NotFound
from backend.routes.conversation_shapes import (
    NOT_FOUND,
    Archived,
    ConversationId,
    ConversationPage,
    ConversationShape,
    ConversationUpdate,
    InFolder,
    MessagePage,
    Order,
    Pinned,
    message_shape,
)
from backend.routes.deps import AetherServices, ConversationReader, ConversationWriter
from backend.routes.folders import unknown_folder
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit
from backend.routes.problems import PROBLEMS, problem_responses

router = APIRouter(prefix="/api/conversations", tags=["conversations"], responses=PROBLEMS)


@router.get("")
async def list_conversations(
    services: AetherServices,
    user: ConversationReader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    archived: Archived = False,
    pinned: Pinned = None,
    folder_id: InFolder = None,
) -> ConversationPage:
    """The caller's conversations, a page at a time."""
    found, next_cursor = await services.conversations.page(
        user.user_id, limit, cursor, archived=archived, pinned=pinned, folder_id=folder_id
    )
    return ConversationPage(
        items=[ConversationShape.model_validate(conversation) for conversation in found], next_cursor=next_cursor
    )


@router.get("/{conversation_id}", responses=NOT_FOUND)
async def get_conversation(
    services: AetherServices, user: ConversationReader, conversation_id: ConversationId
) -> ConversationShape:
    """One conversation, without its messages."""
    found = await services.conversations.get(user.user_id, conversation_id)
    if found is None:
        raise unknown_conversation()
    return ConversationShape.model_validate(found)


@router.patch("/{conversation_id}", responses=NOT_FOUND | problem_responses(413))
async def change_conversation(
    services: AetherServices, user: ConversationWriter, conversation_id: ConversationId, body: ConversationUpdate
) -> ConversationShape:
    """Renames, pins, archives or files a conversation. Its place in the lists stays: that is by use."""
    if body.folder_id and await services.folders.get(user.user_id, body.folder_id) is None:
        raise unknown_folder()
    changed = await services.conversations.change(user.user_id, conversation_id, body.changes())
    if changed is None:
        raise unknown_conversation()
    services.updates.tell(user.user_id, conversation_changed(conversation_id))
    return ConversationShape.model_validate(changed)


@router.get("/{conversation_id}/messages", responses=NOT_FOUND)
async def list_messages(
    services: AetherServices,
    user: ConversationReader,
    conversation_id: ConversationId,
    order: Order = "asc",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> MessagePage:
    """The messages of a conversation with their receipts, a page at a time."""
    conversation, (found, next_cursor) = await asyncio.gather(
        services.conversations.get(user.user_id, conversation_id),
        services.messages.page(user.user_id, conversation_id, limit, cursor, newest_first=order == "desc"),
    )
    if conversation is None:
        raise unknown_conversation()
    verdicts = await services.feedback.of_messages(user.user_id, [message.id for message in found])
    items = [message_shape(message, verdicts.get(message.id)) for message in found]
    return MessagePage(items=items, next_cursor=next_cursor)


@router.delete("/{conversation_id}", status_code=204, responses=NOT_FOUND)
async def delete_conversation(
    services: AetherServices, user: ConversationWriter, conversation_id: ConversationId
) -> None:
    """Deletes a conversation with all its messages, at once; within ten minutes it can be restored.

    The usage records stay: what was spent was spent.
    """
    if not await services.conversations.delete(user.user_id, conversation_id):
        raise unknown_conversation()
    services.updates.tell(user.user_id, conversation_deleted(conversation_id))


@router.post("/{conversation_id}/restore", responses=NOT_FOUND)
async def restore_conversation(
    services: AetherServices, user: ConversationWriter, conversation_id: ConversationId
) -> ConversationShape:
    """Takes a deletion back, within ten minutes of it."""
    restored = await services.conversations.restore(user.user_id, conversation_id)
    if restored is None:
        raise NotFound("You have deleted no conversation with this id within the last ten minutes.")
    services.updates.tell(user.user_id, conversation_changed(conversation_id))
    return ConversationShape.model_validate(restored)


def unknown_conversation() -> NotFound:
    return NotFound("You have no conversation with this id.")
