"""Shapes of conversations and their messages."""

from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.conversations import ConversationChanges, Message, MessageStatus, Role
from backend.domain.doc import Doc
from backend.domain.feedback import Feedback
from backend.domain.replies import AgentResponse, ChatReceipt, FailureReceipt, TeamReceipt
from backend.routes.ai_v4_shapes import Identifier
from backend.routes.feedback import FeedbackShape
from backend.routes.pages import NextCursor
from backend.routes.problems import problem_responses
from backend.routes.text import CLEAN, Shape

MAX_TITLE_CHARACTERS = 200

NOT_FOUND = problem_responses(404)

ConversationId = Annotated[str, Path(max_length=100, description="A conversation of the caller's")]
Order = Annotated[Literal["asc", "desc"], Query(description="asc: oldest first; desc: newest first")]
Archived = Annotated[bool, Query(description="true: those that were archived, and only those")]
Pinned = Annotated[bool | None, Query(description="Only those that are pinned, or are not; left out: both")]
InFolder = Annotated[
    str | None, Query(max_length=100, description="Only those in this folder; left out: in any or none")
]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE_CHARACTERS), CLEAN]


class ConversationShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("As conversation_id takes it")]
    title: Annotated[str, Doc("The beginning of its first message, until its owner gives it another")]
    agent_type: Annotated[str, Doc("The agent that it began with; team for several")]
    last_message_id: Annotated[str | None, Doc("The newest answer: what a next question continues")]
    message_count: Annotated[int, Doc("Questions and answers")]
    preview: Annotated[str, Doc("How its last message begins")]
    pinned: Annotated[bool, Doc("Its owner wants it at hand")]
    archived: Annotated[bool, Doc("Its owner wants it out of the way, and kept")]
    folder_id: Annotated[str | None, Doc("The folder that it is in, null for none")]
    temporary: Annotated[bool, Doc("In no list or search, and gone a day after it began")]
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
    feedback: Annotated[FeedbackShape | None, Doc("What the caller thinks of it, null for nothing")] = None
    parent_id: Annotated[str | None, Doc("The message that this one continues; null: it is the first")]
    created_at: Annotated[datetime, Doc("When it was said")]


class ConversationPage(BaseModel):
    items: Annotated[list[ConversationShape], Doc("Most recently used first")]
    next_cursor: NextCursor


class MessagePage(BaseModel):
    items: Annotated[list[MessageShape], Doc("In the order of time that was asked for")]
    next_cursor: NextCursor


class ConversationUpdate(Shape):
    """Fields that are left out stay as they are."""

    title: Title = Field("", description="1 to 200 characters after trimming", validate_default=False)
    pinned: Annotated[bool, Doc("true: at hand")] = False
    archived: Annotated[bool, Doc("true: out of the lists, but kept")] = False
    folder_id: Annotated[Identifier | None, Doc("A folder of the caller's; null: none")] = None

    def changes(self) -> ConversationChanges:
        return cast(ConversationChanges, self.model_dump(include=self.model_fields_set))


def message_shape(message: Message, feedback: Feedback | None) -> MessageShape:
    verdict = FeedbackShape.model_validate(feedback) if feedback else None
    return MessageShape.model_validate(message).model_copy(update={"feedback": verdict})
