"""Taking everything along, and leaving."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from backend.domain.doc import Doc
from backend.routes.accounts import Password, UserShape
from backend.routes.cookies import clear_cookie
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.mail_links import LinkToken
from backend.routes.problems import PROBLEMS, problem_responses
from backend.routes.text import Shape

router = APIRouter(prefix="/api/auth", tags=["auth"])
Rows = list[dict[str, Any]]


class Leaving(Shape):
    """One of the two."""

    password: Password | None = Field(None, repr=False, description="The account's password")
    confirmation: LinkToken | None = Field(
        None, repr=False, description="For accounts without a password: of POST /api/auth/oidc/confirm"
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.password is None) == (self.confirmation is None):
            raise PydanticCustomError("one_of_two", "Send either the password or a confirmation")
        return self


class ExportedAccount(BaseModel):
    """Everything that is kept about the account, as it is stored, without secrets."""

    exported_at: Annotated[datetime, Doc("When it was written")]
    user: UserShape
    conversations: Annotated[Rows, Doc("Those that wait for their end too: state says so")]
    messages: Annotated[Rows, Doc("Questions and answers with their receipts, in the order of the requests")]
    shares: Annotated[Rows, Doc("Snapshots of conversations that others may read, without their links")]
    folders: Annotated[Rows, Doc("Names under which conversations are gathered")]
    feedback: Annotated[Rows, Doc("Verdicts on answers")]
    routing_labels: Annotated[Rows, Doc("What was learned from an answer: whether the large model's is better")]
    preferences: Annotated[Rows, Doc("Custom instructions, and how questions may be routed")]
    prompts: Annotated[Rows, Doc("The library of prompts")]
    documents: Annotated[Rows, Doc("Uploads")]
    api_keys: Annotated[Rows, Doc("Without the keys themselves")]
    second_factors: Annotated[Rows, Doc("Since when there is one, without its secret and its recovery codes")]
    auth_sessions: Annotated[Rows, Doc("Sign-ins and their devices, without tokens")]
    external_identities: Annotated[Rows, Doc("Who the user is at the identity provider")]
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
    await services.accounts.delete(user, password=body.password, confirmation=body.confirmation)
    clear_cookie(request, response)
