"""Share links: made and taken back by owners, read by anybody."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from backend.domain.conversations import Role
from backend.domain.doc import Doc
from backend.routes.ai_v4_shapes import Identifier
from backend.routes.conversation_shapes import NOT_FOUND, ConversationId
from backend.routes.deps import AetherServices, ConversationReader, ConversationWriter
from backend.routes.headers import with_rate_headers
from backend.routes.limits import limited_by_address
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS, problem_responses
from backend.routes.text import Shape

PAGE = "/#/shared/"
"""In the fragment, which browsers send to no server."""

router = APIRouter(prefix="/api", tags=["conversations"])

ShareId = Annotated[str, Path(max_length=100, description="A share of the caller's")]
Token = Annotated[str, Path(max_length=100, description="The end of a share's link")]


class ShareBody(Shape):
    message_id: Annotated[Identifier | None, Doc("Where the branch ends; left out: at the last message")] = None


class ShareShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("For taking it back")]
    conversation_id: Annotated[str, Doc("Of which it is a snapshot")]
    title: Annotated[str, Doc("As it was when it was shared")]
    created_at: Annotated[datetime, Doc("When it was shared")]


class NewShare(ShareShape):
    url_path: str = Field(repr=False, description="The link, on this server; told now and never again")


class SharePage(BaseModel):
    items: Annotated[list[ShareShape], Doc("Newest first; may be fewer than limit")]
    next_cursor: NextCursor


class SharedMessageShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    role: Annotated[Role, Doc("Who said it")]
    content: Annotated[str, Doc("Markdown")]
    agent: Annotated[str | None, Doc("Who answered; null for a user's message")]
    created_at: Annotated[datetime, Doc("When it was said")]


class SharedConversation(BaseModel):
    title: Annotated[str, Doc("As it was when it was shared")]
    created_at: Annotated[datetime, Doc("When it was shared")]
    messages: Annotated[list[SharedMessageShape], Doc("One branch, in the order of time")]


@router.post(
    "/conversations/{conversation_id}/share",
    status_code=201,
    responses=PROBLEMS | NOT_FOUND | problem_responses(409, 413),
)
async def share_conversation(
    services: AetherServices, user: ConversationWriter, conversation_id: ConversationId, body: ShareBody | None = None
) -> NewShare:
    """A snapshot of a branch that anybody with the link may read. What is said later is not in it."""
    message_id = body.message_id if body else None
    share, token = await services.sharing.share(user.user_id, conversation_id, message_id)
    shown = ShareShape.model_validate(share)
    return NewShare(**shown.model_dump(), url_path=f"{PAGE}{token}")


@router.get("/shares", responses=PROBLEMS)
async def list_shares(
    services: AetherServices, user: ConversationReader, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> SharePage:
    """What the caller shares, without the links: those are known to nobody but who has them."""
    found, next_cursor = await services.sharing.page(user.user_id, limit, cursor)
    return SharePage(items=[ShareShape.model_validate(share) for share in found], next_cursor=next_cursor)


@router.delete("/shares/{share_id}", status_code=204, responses=PROBLEMS | NOT_FOUND)
async def delete_share(services: AetherServices, user: ConversationWriter, share_id: ShareId) -> None:
    """Takes a share back: its link leads nowhere from now on."""
    await services.sharing.take_back(user.user_id, share_id)


@router.get(
    "/shared/{token}",
    responses=with_rate_headers(PUBLIC_PROBLEMS | problem_responses(404, 429)),
    dependencies=[Depends(limited_by_address("shared"))],
)
async def read_shared(services: AetherServices, response: Response, token: Token) -> SharedConversation:
    """What is shared under a link, for anybody: no accounts, no ids, no costs. Not for search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    snapshot = await services.sharing.read(token)
    return SharedConversation(
        title=snapshot.share.title,
        created_at=snapshot.share.created_at,
        messages=[SharedMessageShape.model_validate(message) for message in snapshot.messages],
    )
