"""People's accounts, for administrators: found, given a role, closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from backend.domain.doc import Doc
from backend.domain.usage import format_usd
from backend.domain.users import ManagedUser, UserRole
from backend.routes.deps import Admin, AetherServices
from backend.routes.pages import DEFAULT_LIMIT, Cursor, Limit, NextCursor
from backend.routes.problems import ADMIN_PROBLEMS, problem_responses
from backend.routes.text import Shape

MAX_QUERY = 254

router = APIRouter(prefix="/api/admin/users", tags=["admin"], responses=ADMIN_PROBLEMS)

UserId = Annotated[str, Path(max_length=100, description="A user")]
Beginning = Annotated[str, Query(max_length=MAX_QUERY, description="How addresses begin; case does not matter")]
OfRole = Annotated[UserRole | None, Query(description="Only users with this role")]


@dataclass(frozen=True, slots=True)
class OwnBudget:
    tokens: Annotated[int | None, Doc("Tokens on a day (UTC); null: no bound")]
    cost_usd: Annotated[str | None, Doc("USD on a day (UTC), exact; null: no bound")]


@dataclass(frozen=True, slots=True)
class ManagedUserShape:
    id: Annotated[str, Doc("Stable")]
    email: Annotated[str, Doc("In lower case")]
    name: Annotated[str, Doc("For people")]
    role: Annotated[UserRole, Doc("admin sees the figures of the whole server")]
    plan: Annotated[str, Doc("free for everybody so far")]
    created_at: Annotated[datetime, Doc("When it signed up")]
    verified_at: Annotated[datetime | None, Doc("When it was shown that mail to the address arrives, null for never")]
    disabled_at: Annotated[datetime | None, Doc("Since when nobody can sign in to it; null: it is open")]
    budget: Annotated[OwnBudget | None, Doc("Of its own; null: the usual one")]


@dataclass(frozen=True, slots=True)
class ManagedUserPage:
    items: Annotated[list[ManagedUserShape], Doc("Newest first; with a query in the order of their addresses")]
    next_cursor: NextCursor


class UserUpdate(Shape):
    """One of the two at least; what is left out, or null, stays as it is."""

    role: UserRole | None = Field(None, description="Another role; its sign-ins end, so that it holds at once")
    disabled: bool | None = Field(None, description="true: closed; false: open again")

    @model_validator(mode="after")
    def _changes_something(self) -> "UserUpdate":
        if self.role is None and self.disabled is None:
            raise PydanticCustomError("no_change", "Expected role or disabled")
        return self


@router.get("")
async def list_users(
    _: Admin,
    services: AetherServices,
    query: Beginning = "",
    role: OfRole = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ManagedUserPage:
    """All accounts in pages, or the first ones whose address begins with the query."""
    found, next_cursor = await services.administration.page(query, role, limit, cursor)
    return ManagedUserPage([shape_of(user) for user in found], next_cursor)


@router.patch("/{user_id}", responses=problem_responses(404, 409, 413))
async def change_user(user_id: UserId, body: UserUpdate, admin: Admin, services: AetherServices) -> ManagedUserShape:
    """Gives another user a role, closes the account or opens it again.

    Where it is closed, or its role changes, its sign-ins end on every worker within a second; the API keys of a closed
    account are refused.
    """
    return shape_of(await services.administration.change(user_id, admin, role=body.role, disabled=body.disabled))


def shape_of(managed: ManagedUser) -> ManagedUserShape:
    user, budget = managed.user, managed.budget
    return ManagedUserShape(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role,
        plan=user.plan,
        created_at=user.created_at,
        verified_at=user.verified_at,
        disabled_at=user.disabled_at,
        budget=OwnBudget(budget.tokens, format_usd(budget.cost)) if budget else None,
    )
