"""What is left of the caller's budget today."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter

from backend.domain.budgets import BudgetDay
from backend.domain.doc import Doc
from backend.domain.usage import format_usd
from backend.routes.deps import AetherServices, UsageReader
from backend.routes.problems import PROBLEMS

router = APIRouter(prefix="/api/usage", tags=["analytics"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class TokenBudget:
    limit: Annotated[int, Doc("Tokens on a day")]
    used: Annotated[int, Doc("Tokens of today's requests that have ended")]
    left: Annotated[int, Doc("limit - used, never below 0")]


@dataclass(frozen=True, slots=True)
class CostBudget:
    """USD as exact decimal strings."""

    limit: Annotated[str, Doc("USD on a day")]
    used: Annotated[str, Doc("USD that today's requests have cost so far")]
    left: Annotated[str, Doc("limit - used, never below 0")]


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """What requests under way hold is not counted yet."""

    day: Annotated[date, Doc("The day in UTC")]
    tokens: Annotated[TokenBudget | None, Doc("null: tokens are not limited")]
    cost: Annotated[CostBudget | None, Doc("null: cost is not limited")]
    resets_at: Annotated[datetime, Doc("When the next day begins")]


@router.get("/budget")
async def get_budget(services: AetherServices, user: UsageReader) -> BudgetStatus:
    """What the caller may consume today, what was consumed, and what is left."""
    return status_of(await services.budgets.today(user.user_id))


def status_of(today: BudgetDay) -> BudgetStatus:
    tokens, cost = today.budget.tokens, today.budget.cost
    return BudgetStatus(
        day=today.starts_at.date(),
        tokens=None if tokens is None else TokenBudget(tokens, today.tokens, max(tokens - today.tokens, 0)),
        cost=None
        if cost is None
        else CostBudget(format_usd(cost), format_usd(today.cost), format_usd(max(cost - today.cost, 0))),
        resets_at=today.ends_at,
    )
