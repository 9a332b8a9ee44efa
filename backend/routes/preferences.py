"""What a user prefers: custom instructions, and how questions may be routed."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.doc import Doc
from backend.domain.instructions import CHARACTERS, Instructions
from backend.domain.preferences import RoutingPreferences
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

router = APIRouter(prefix="/api/preferences", tags=["preferences"], responses=PROBLEMS)

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=CHARACTERS), CLEAN]


class InstructionsBody(Shape):
    about: Words = Field(description="What agents should know about the user, up to 1,500 characters; may be empty")
    style: Words = Field(description="How answers should be, up to 1,500 characters; may be empty")
    enabled: bool = Field(description="false: kept, and shown to no model")


class RoutingBody(Shape):
    large_share: float | None = Field(
        ge=0, le=1, description="Share of questions that may go to the large model; null: as the deployment has it"
    )
    compare: bool = Field(description="May answers of the small model be sampled and compared with the large model's?")
    similar_answers: bool = Field(description="May an answer to a similar question of the caller's be reused?")


class PreferencesBody(Shape):
    """A part that is left out stays as it is."""

    instructions: InstructionsBody | None = None
    routing: RoutingBody | None = None


class InstructionsShape(BaseModel):
    """Part of every prompt of the user, after the agent's own, and so part of what an answer costs."""

    model_config = ConfigDict(from_attributes=True)

    about: Annotated[str, Doc("What agents should know about the user")]
    style: Annotated[str, Doc("How answers should be")]
    enabled: Annotated[bool, Doc("false: kept, and shown to no model")]


class RoutingShape(BaseModel):
    """How the user's questions may be routed."""

    model_config = ConfigDict(from_attributes=True)

    large_share: Annotated[float | None, Doc("Share that may go to the large model; null: as the deployment has it")]
    compare: Annotated[bool, Doc("Answers of the small model may be sampled and compared, at no cost of the user's")]
    similar_answers: Annotated[bool, Doc("An answer to a similar question of the user's may be reused")]


class PreferencesShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    instructions: InstructionsShape
    routing: RoutingShape


@router.get("")
async def get_preferences(services: AetherServices, user: CurrentUser) -> PreferencesShape:
    """What the caller prefers; the usual until something is set."""
    return PreferencesShape.model_validate(await services.preferences.of(user.user_id))


@router.put("", responses=problem_responses(413))
async def set_preferences(services: AetherServices, user: CurrentUser, body: PreferencesBody) -> PreferencesShape:
    """Replaces what the caller prefers, in force on every worker within a second.

    Answers that were given under other instructions are not reused.
    """
    instructions = Instructions(**body.instructions.model_dump()) if body.instructions else None
    routing = RoutingPreferences(**body.routing.model_dump()) if body.routing else None
    return PreferencesShape.model_validate(await services.preferences.change(user.user_id, instructions, routing))
