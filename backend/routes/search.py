"""Search over the caller's conversations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from backend.domain.conversations import Role
from backend.domain.doc import Doc
from backend.routes.deps import AetherServices, ConversationReader
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import CLEAN

MAX_QUERY_CHARACTERS = 200

router = APIRouter(prefix="/api/conversations", tags=["conversations"])

SearchText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="Words, all of which a text contains; whole words, in any case, with or without accents",
    ),
    CLEAN,
]


class SearchHitShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    conversation_id: Annotated[str, Doc("Where it was found")]
    title: Annotated[str, Doc("Of the conversation")]
    message_id: Annotated[str | None, Doc("The message; null: the title was found")]
    role: Annotated[Role | None, Doc("Who said it; null: the title was found")]
    snippet: Annotated[str, Doc("What is around the first word, plain text; of a title how the last message begins")]
    created_at: Annotated[datetime, Doc("When it was said; of a title when the conversation was last used")]


class SearchPage(BaseModel):
    items: Annotated[list[SearchHitShape], Doc("Titles, then messages, each newest first; may be fewer than limit")]
    next_cursor: NextCursor


@router.get(
    "/search",
    responses=with_rate_headers(PROBLEMS | problem_responses(429)),
    dependencies=[Depends(limited("search"))],
)
async def search_conversations(
    services: AetherServices,
    user: ConversationReader,
    q: SearchText,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> SearchPage:
    """Titles and messages of the caller's that contain every word, archived ones too; nothing temporary or deleted."""
    found, next_cursor = await services.search.find(user.user_id, q, limit, cursor)
    return SearchPage(items=[SearchHitShape.model_validate(hit) for hit in found], next_cursor=next_cursor)
