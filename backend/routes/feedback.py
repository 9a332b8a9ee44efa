"""What a user thinks of an answer."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.conversations import Message
from backend.domain.doc import Doc
from backend.domain.feedback import COMMENT_CHARACTERS, Feedback, Rating
from backend.domain.updates import feedback_changed
from backend.errors import NotFound
from backend.routes.deps import AetherServices, ConversationWriter
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape
from backend.services.services import Services

router = APIRouter(prefix="/api/messages", tags=["conversations"], responses=PROBLEMS | problem_responses(404))

AnswerId = Annotated[str, Path(max_length=100, description="An answer of the caller's")]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=COMMENT_CHARACTERS), CLEAN]


class FeedbackBody(Shape):
    rating: Rating = Field(description="up: a good answer")
    comment: Comment | None = Field(None, description="Why, in at most 2,000 characters")


class FeedbackShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    rating: Annotated[Rating, Doc("up: a good answer")]
    comment: Annotated[str | None, Doc("Why; null: nothing was said")]
    rated_at: Annotated[datetime, Doc("When it was last changed")]


@router.put("/{message_id}/feedback", responses=problem_responses(413))
async def rate_answer(
    services: AetherServices, user: ConversationWriter, message_id: AnswerId, body: FeedbackBody
) -> FeedbackShape:
    """The caller's verdict on an answer, instead of an earlier one."""
    message = await answer_of(services, user.user_id, message_id)
    feedback = Feedback(
        user_id=user.user_id,
        message_id=message.id,
        conversation_id=message.conversation_id,
        rating=body.rating,
        comment=body.comment,
        agent=message.agent or "",
        model=message.model or "",
        rated_at=datetime.now(UTC),
    )
    stored = await services.feedback.put(feedback)
    if body.rating == "down":
        await services.similar.disputed(message.id, message.receipt)
    await services.calibration.rated(user.user_id, message.id, message.receipt, body.rating)
    services.updates.tell(user.user_id, feedback_changed(message.conversation_id, message.id))
    return FeedbackShape.model_validate(stored)


@router.delete("/{message_id}/feedback", status_code=204)
async def withdraw_rating(services: AetherServices, user: ConversationWriter, message_id: AnswerId) -> None:
    """Takes the caller's verdict back. Where there is none, nothing changes."""
    message = await answer_of(services, user.user_id, message_id)
    if await services.feedback.remove(user.user_id, message_id):
        await services.calibration.withdrawn(user.user_id, message_id)
        services.updates.tell(user.user_id, feedback_changed(message.conversation_id, message.id))


async def answer_of(services: Services, user_id: str, message_id: str) -> Message:
    """Raises NotFound: no answer, not the caller's, still being written, or of a deleted conversation."""
    message = await services.messages.get(user_id, message_id)
    if message is None or message.role != "assistant" or message.status == "pending":
        raise NotFound("You have no answer with this id.")
    if await services.conversations.get(user_id, message.conversation_id) is None:
        raise NotFound("You have no answer with this id.")
    return message
