"""A user's library of prompts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.domain.doc import Doc
from backend.domain.prompts import TEXT_CHARACTERS, TITLE_CHARACTERS
from backend.errors import NotFound
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

router = APIRouter(prefix="/api/prompts", tags=["prompts"], responses=PROBLEMS)
NOT_FOUND = problem_responses(404)

PromptId = Annotated[str, Path(max_length=100, description="A prompt of the caller's")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_CHARACTERS), CLEAN]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_CHARACTERS), CLEAN]


class PromptBody(Shape):
    title: Title = Field(description="1 to 120 characters after trimming")
    text: Text = Field(
        description="1 to 8,000 characters, with {{name}} where something is to be filled in",
        examples=["Explain {{topic}} to {{reader}}"],
    )


class PromptShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("Stable")]
    title: Annotated[str, Doc("What it is called in the list")]
    text: Annotated[str, Doc("With {{name}} where something is to be filled in")]
    variables: Annotated[tuple[str, ...], Doc("The names in it, in the order of their first appearance")]
    created_at: Annotated[datetime, Doc("When it was made")]
    updated_at: Annotated[datetime, Doc("When it was last changed")]


class PromptPage(BaseModel):
    items: Annotated[list[PromptShape], Doc("Last changed first")]
    next_cursor: NextCursor


@router.get("")
async def list_prompts(
    services: AetherServices, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PromptPage:
    """The caller's prompts, a page at a time."""
    found, next_cursor = await services.prompts.page(user.user_id, limit, cursor)
    return PromptPage(items=[PromptShape.model_validate(prompt) for prompt in found], next_cursor=next_cursor)


@router.post("", status_code=201, responses=problem_responses(409, 413))
async def create_prompt(services: AetherServices, user: CurrentUser, body: PromptBody) -> PromptShape:
    """Keeps a prompt, one of 200 at most."""
    return PromptShape.model_validate(await services.prompts.create(user.user_id, body.title, body.text))


@router.get("/{prompt_id}", responses=NOT_FOUND)
async def get_prompt(services: AetherServices, user: CurrentUser, prompt_id: PromptId) -> PromptShape:
    """One prompt."""
    found = await services.prompts.get(user.user_id, prompt_id)
    if found is None:
        raise unknown_prompt()
    return PromptShape.model_validate(found)


@router.put("/{prompt_id}", responses=NOT_FOUND | problem_responses(413))
async def replace_prompt(
    services: AetherServices, user: CurrentUser, prompt_id: PromptId, body: PromptBody
) -> PromptShape:
    """Replaces a prompt's title and text."""
    changed = await services.prompts.replace(user.user_id, prompt_id, body.title, body.text)
    if changed is None:
        raise unknown_prompt()
    return PromptShape.model_validate(changed)


@router.delete("/{prompt_id}", status_code=204, responses=NOT_FOUND)
async def delete_prompt(services: AetherServices, user: CurrentUser, prompt_id: PromptId) -> None:
    """Deletes a prompt."""
    if not await services.prompts.remove(user.user_id, prompt_id):
        raise unknown_prompt()


def unknown_prompt() -> NotFound:
    return NotFound("You have no prompt with this id.")
