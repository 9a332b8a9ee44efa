"""The audit log, for administrators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from backend.domain.audit import AuditAction, AuditFilter
from backend.domain.doc import Doc
from backend.routes.deps import Admin, AetherServices
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import ADMIN_PROBLEMS

MAX_ID = 100

router = APIRouter(prefix="/api/admin", tags=["admin"], responses=ADMIN_PROBLEMS)


def written_out(value: object) -> object:
    """A date with a time. pydantic would take a number for seconds since 1970, too."""
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("expected an instant such as 2026-01-31T12:00:00Z")
    return value


def in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("expected an instant between the years 1 and 9999") from error


Instant = Annotated[AwareDatetime, BeforeValidator(written_out), AfterValidator(in_utc)]
ActorId = Annotated[str | None, Query(max_length=MAX_ID, description="Who did it: a user, shell, unknown")]
OwnerId = Annotated[str | None, Query(max_length=MAX_ID, description="Whose account it concerns: a user")]
Action = Annotated[AuditAction | None, Query(description="What was done")]
Since = Annotated[Instant | None, Query(alias="from", description="From this instant on, ISO 8601 with an offset")]
Until = Annotated[Instant | None, Query(alias="to", description="Before this instant, ISO 8601 with an offset")]


class AuditEntryShape(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, Doc("Stable")]
    at: Annotated[datetime, Doc("When it was done; of what is counted, the beginning of the minute")]
    action: Annotated[str, Doc("What was done")]
    user_id: Annotated[str | None, Doc("Whose account it concerns; null: none, or nobody knows; deleted_...: who left")]
    actor_id: Annotated[
        str, Doc("Who did it: a user; shell: scripts/admin; unknown: somebody who has not shown who they are")
    ]
    address: Annotated[str | None, Doc("Network address of the client; null: there was none, or its user has left")]
    correlation_id: Annotated[str | None, Doc("Of the request, as in the server's log")]
    detail: Annotated[dict[str, str], Doc("What else is known of it, by the action")]
    count: Annotated[int, Doc("How often within the minute; 1 of everything but limit hits and reads of this log")]


class AuditPage(BaseModel):
    items: Annotated[list[AuditEntryShape], Doc("Newest first")]
    next_cursor: NextCursor


@router.get("/audit")
async def list_audit_entries(
    services: AetherServices,
    admin: Admin,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    actor: ActorId = None,
    user: OwnerId = None,
    action: Action = None,
    since: Since = None,
    until: Until = None,
) -> AuditPage:
    """Who did what to whose account, and from where; all filters together hold.

    Reading it is recorded too, once a minute and user that is asked for.
    """
    where = AuditFilter(actor, user, action, since, until)
    found, next_cursor = await services.audit.page(where, limit, cursor)
    services.audit.count(AuditAction.AUDIT_LOG_READ, user_id=user, actor_id=admin.user_id)
    return AuditPage(items=[AuditEntryShape.model_validate(entry) for entry in found], next_cursor=next_cursor)
