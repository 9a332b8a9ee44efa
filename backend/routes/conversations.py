"""A user's stored conversations: list, messages, delete."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from backend.domain.conversations import MessageStatus, Role
from backend.domain.doc import Doc
from backend.domain.replies import AgentResponse, ChatReceipt, FailureReceipt, TeamReceipt
from backend.errors import NotFound
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, problem_responses

router = APIRouter(prefix="/api/conversations", tags=["conversations"], responses=PROBLEMS)
NOT_FOUND = problem_responses(404)

ConversationId = Annotated[str, Path(description="A conversation of the caller's")]


class ConversationShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("As conversation_id takes it")]
    title: Annotated[str, Doc("The beginning of its first message")]
    agent_type: Annotated[str, Doc("The agent that it began with; team for several")]
    last_message_id: Annotated[str | None, Doc("The newest answer: what a next question continues")]
    message_count: Annotated[int, Doc("Questions and answers")]
    created_at: Annotated[datetime, Doc("When it began")]
    updated_at: Annotated[datetime, Doc("When its last answer was complete")]


class MessageShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("As parent_id and regenerate_of take it")]
    role: Annotated[Role, Doc("Who said it")]
    content: Annotated[str, Doc("Markdown; of an answer that was interrupted, what there was of it")]
    status: Annotated[
        MessageStatus, Doc("pending: being answered. interrupted: stopped, or cut by a crash. failed: see receipt")
    ]
    agent: Annotated[str | None, Doc("Who answered; null for a user's message")]
    receipt: Annotated[
        ChatReceipt | TeamReceipt | FailureReceipt | None,
        Doc("The reply without its text; null for a user's message and for an answer that is pending or was lost"),
    ]
    responses: Annotated[list[AgentResponse], Doc("Each agent's part of a team's answer, else empty")]
    reasoning: Annotated[str | None, Doc("What the model thought, where it said so")]
    parent_id: Annotated[str | None, Doc("The message that this one continues; null: it is the first")]
    created_at: Annotated[datetime, Doc("When it was said")]


class ConversationPage(BaseModel):
    items: Annotated[list[ConversationShape], Doc("Most recently used first")]
    next_cursor: NextCursor


class MessagePage(BaseModel):
    items: Annotated[list[MessageShape], Doc("In the order of time")]
    next_cursor: NextCursor


@router.get("")
async def list_conversations(
    services: AetherServices, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> ConversationPage:
    """The caller's conversations, a page at a time."""
    found, next_cursor = await services.conversations.page(user.user_id, limit, cursor)
    return ConversationPage(
        items=[ConversationShape.model_validate(conversation) for conversation in found], next_cursor=next_cursor
    )


@router.get("/{conversation_id}/messages", responses=NOT_FOUND)
async def list_messages(
    services: AetherServices,
    user: CurrentUser,
    conversation_id: ConversationId,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> MessagePage:
    """The messages of a conversation with their receipts, a page at a time."""
    if await services.conversations.get(user.user_id, conversation_id) is None:
        raise _unknown()
    found, next_cursor = await services.messages.page(user.user_id, conversation_id, limit, cursor)
    return MessagePage(items=[MessageShape.model_validate(message) for message in found], next_cursor=next_cursor)


@router.delete("/{conversation_id}", status_code=204, responses=NOT_FOUND)
async def delete_conversation(services: AetherServices, user: CurrentUser, conversation_id: ConversationId) -> None:
    """Deletes a conversation with all its messages. The usage records stay: what was spent was spent."""
    if not await services.conversations.delete(user.user_id, conversation_id):
        raise _unknown()


def _unknown() -> NotFound:
    return NotFound("You have no conversation with this id.")
