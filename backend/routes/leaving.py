"""Taking everything along, and leaving."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from backend.domain.doc import Doc
from backend.routes.accounts import Password, UserShape
from backend.routes.cookies import clear_cookie
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import Shape

router = APIRouter(prefix="/api/auth", tags=["auth"])
Rows = list[dict[str, Any]]


class Leaving(Shape):
    password: Password = Field(repr=False, description="The account's password")


class ExportedAccount(BaseModel):
    """Everything that is kept about the account, as it is stored, without secrets."""

    exported_at: Annotated[datetime, Doc("When it was written")]
    user: UserShape
    conversations: Annotated[Rows, Doc("Archived ones last")]
    messages: Annotated[Rows, Doc("Questions and answers with their receipts, in the order of the requests")]
    feedback: Annotated[Rows, Doc("Verdicts on answers")]
    documents: Annotated[Rows, Doc("Uploads")]
    api_keys: Annotated[Rows, Doc("Without the keys themselves")]
    auth_sessions: Annotated[Rows, Doc("Sign-ins and their devices, without tokens")]
    ai_usage: Annotated[Rows, Doc("The ledger: one record an upstream call")]
    usage_daily: Annotated[Rows, Doc("Counters by day, model and agent")]
    audit_log: Annotated[Rows, Doc("What the account did: sign-ins, changes of credentials, from which address")]


@router.get("/me/export", responses={200: {"model": ExportedAccount}, **PROBLEMS}, response_class=StreamingResponse)
async def export_account(services: AetherServices, user: CurrentUser) -> StreamingResponse:
    """Everything that is kept about the account, as one JSON document that is written while it is read."""
    parts = await services.account_export.begin(user.user_id, datetime.now(UTC))
    headers = {"Content-Disposition": 'attachment; filename="aether-account.json"'}
    return StreamingResponse(parts, media_type="application/json", headers=headers)


@router.post("/delete-account", status_code=204, responses=PROBLEMS | problem_responses(413, 429))
async def delete_account(
    services: AetherServices, request: Request, response: Response, user: CurrentUser, body: Leaving
) -> None:
    """Ends the account and every sign-in, and erases what it holds.

    What it has cost stays in the ledger, under an id that leads to nobody.
    """
    await services.accounts.delete(user, body.password)
    clear_cookie(request, response)
