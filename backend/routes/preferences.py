"""What a user prefers: custom instructions."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.doc import Doc
from backend.domain.instructions import CHARACTERS, Instructions
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

router = APIRouter(prefix="/api/preferences", tags=["preferences"], responses=PROBLEMS)

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=CHARACTERS), CLEAN]


class InstructionsBody(Shape):
    about: Words = Field(description="What agents should know about the user, up to 1,500 characters; may be empty")
    style: Words = Field(description="How answers should be, up to 1,500 characters; may be empty")
    enabled: bool = Field(description="false: kept, and shown to no model")


class PreferencesBody(Shape):
    instructions: InstructionsBody


class InstructionsShape(BaseModel):
    """Part of every prompt of the user, after the agent's own, and so part of what an answer costs."""

    model_config = ConfigDict(from_attributes=True)

    about: Annotated[str, Doc("What agents should know about the user")]
    style: Annotated[str, Doc("How answers should be")]
    enabled: Annotated[bool, Doc("false: kept, and shown to no model")]


class PreferencesShape(BaseModel):
    instructions: InstructionsShape


@router.get("")
async def get_preferences(services: AetherServices, user: CurrentUser) -> PreferencesShape:
    """What the caller prefers; empty until something is set."""
    return shape_of(await services.preferences.instructions(user.user_id))


@router.put("", responses=problem_responses(413))
async def set_preferences(services: AetherServices, user: CurrentUser, body: PreferencesBody) -> PreferencesShape:
    """Replaces what the caller prefers, in force on every worker within a second.

    Answers that were given under other instructions are not reused.
    """
    instructions = Instructions(**body.instructions.model_dump())
    await services.preferences.set_instructions(user.user_id, instructions)
    return shape_of(instructions)


def shape_of(instructions: Instructions) -> PreferencesShape:
    return PreferencesShape(instructions=InstructionsShape.model_validate(instructions))
