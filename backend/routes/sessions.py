"""The caller's own sign-ins: what there is, and ending them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from backend.domain.doc import Doc
from backend.domain.users import Session
from backend.errors import NotFound
from backend.routes.cookies import clear_cookie
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import PROBLEMS, problem_responses

router = APIRouter(prefix="/api/auth", tags=["auth"], responses=PROBLEMS)

SessionId = Annotated[str, Path(max_length=100, description="A sign-in of the caller's")]


class SessionShape(BaseModel):
    id: Annotated[str, Doc("For ending it")]
    device: Annotated[str, Doc("What signed in called itself (User-Agent); may be empty")]
    current: Annotated[bool, Doc("Whether this request belongs to it")]
    created_at: Annotated[datetime, Doc("When it signed in")]
    last_used: Annotated[datetime, Doc("When it last got an access token")]
    expires_at: Annotated[datetime, Doc("When it ends if it is not used before; used or not, after thirty days")]


class SessionPage(BaseModel):
    items: Annotated[list[SessionShape], Doc("Latest used first")]
    next_cursor: NextCursor


@router.get("/sessions")
async def list_sessions(
    services: AetherServices, user: CurrentUser, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> SessionPage:
    """Where the caller is signed in, a page at a time."""
    found, next_cursor = await services.identity.sessions(user.user_id, limit, cursor)
    return SessionPage(items=[_shape(session, user.session_id) for session in found], next_cursor=next_cursor)


@router.delete("/sessions/{session_id}", status_code=204, responses=problem_responses(404))
async def end_session(
    services: AetherServices, request: Request, response: Response, user: CurrentUser, session_id: SessionId
) -> None:
    """Ends a sign-in on every worker within a second: its access token and its refresh token are worth nothing."""
    if not await services.identity.end_session(user.user_id, session_id):
        raise NotFound("You have no sign-in with this id.")
    if session_id == user.session_id:
        clear_cookie(request, response)


@router.post("/logout-all", status_code=204)
async def logout_all(services: AetherServices, request: Request, response: Response, user: CurrentUser) -> None:
    """Ends every sign-in of the caller, this one too, on every worker within a second."""
    await services.identity.logout_everywhere(user.user_id)
    clear_cookie(request, response)


def _shape(session: Session, current: str) -> SessionShape:
    return SessionShape(
        id=session.id,
        device=session.device,
        current=session.id == current,
        created_at=session.created_at,
        last_used=session.last_used,
        expires_at=session.expires_at,
    )
