"""A user's stored conversations: list, messages, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from backend.domain.conversations import MessageStatus, Role
from backend.errors import NotFound
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, problem_responses

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

router = APIRouter(prefix="/api/conversations", tags=["conversations"], responses=PROBLEMS)
NOT_FOUND = problem_responses(404)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=512, description="next_cursor of the page before")]


class ConversationShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    agent_type: str
    last_message_id: str | None
    message_count: int
    created_at: datetime
    updated_at: datetime


class MessageShape(BaseModel):
    """receipt: the reply as it was sent, without its text; null for a user's message. responses: of each agent."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    role: Role
    content: str
    status: MessageStatus
    agent: str | None
    receipt: Mapping[str, Any] | None
    responses: list[Mapping[str, Any]]
    reasoning: str | None
    parent_id: str | None
    created_at: datetime


class ConversationPage(BaseModel):
    """Newest first. next_cursor null: this is the last page."""

    items: list[ConversationShape]
    next_cursor: str | None


class MessagePage(BaseModel):
    """In the order of time. next_cursor null: this is the last page."""

    items: list[MessageShape]
    next_cursor: str | None


@router.get("")
async def conversations(
    services: AetherServices, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> ConversationPage:
    found, next_cursor = await services.conversations.page(user.user_id, limit, cursor)
    return ConversationPage(
        items=[ConversationShape.model_validate(conversation) for conversation in found], next_cursor=next_cursor
    )


@router.get("/{conversation_id}/messages", responses=NOT_FOUND)
async def messages(
    services: AetherServices,
    user: CurrentUser,
    conversation_id: str,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> MessagePage:
    if await services.conversations.get(user.user_id, conversation_id) is None:
        raise _unknown()
    found, next_cursor = await services.messages.page(user.user_id, conversation_id, limit, cursor)
    return MessagePage(items=[MessageShape.model_validate(message) for message in found], next_cursor=next_cursor)


@router.delete("/{conversation_id}", status_code=204, responses=NOT_FOUND)
async def delete_conversation(services: AetherServices, user: CurrentUser, conversation_id: str) -> None:
    """With all its messages. The usage records stay: what was spent was spent."""
    if not await services.conversations.delete(user.user_id, conversation_id):
        raise _unknown()


def _unknown() -> NotFound:
    return NotFound("You have no conversation with this id.")
