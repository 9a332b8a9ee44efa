"""What administrators set: budgets of users, and whether models may be called at all."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field, StringConstraints

from backend.domain.budgets import Budget
from backend.domain.doc import Doc
from backend.domain.usage import format_usd, parse_usd
from backend.errors import NotFound
from backend.routes.deps import Admin, AetherServices
from backend.routes.problems import ADMIN_PROBLEMS, problem_responses
from backend.routes.text import CLEAN, Shape

MAX_TOKENS = 10**15
MAX_PICO = 2**63 - 1

router = APIRouter(prefix="/api/admin", tags=["admin"], responses=ADMIN_PROBLEMS | problem_responses(413))


def storable(value: str) -> str:
    if parse_usd(value) > MAX_PICO:
        raise ValueError("expected at most 9,223,372 USD")
    return value


AmountOfMoney = Annotated[
    str,
    StringConstraints(max_length=30, pattern=r"^\d+(\.\d{1,12})?$"),
    AfterValidator(storable),
    CLEAN,
]
UserId = Annotated[str, Path(max_length=100, description="A user")]


class BudgetBody(Shape):
    """A user's own budget, instead of the one in the settings. All null: the one in the settings again."""

    tokens: int | None = Field(ge=0, le=MAX_TOKENS, description="Tokens on a day (UTC); null: no bound")
    cost_usd: AmountOfMoney | None = Field(description="USD on a day (UTC), exact; null: no bound", examples=["0.50"])


class SpendingBody(Shape):
    enabled: bool = Field(description="false: no model is called any more, and calls under way are stopped")


@dataclass(frozen=True, slots=True)
class UserBudget:
    user_id: Annotated[str, Doc("The user")]
    tokens: Annotated[int | None, Doc("Tokens on a day (UTC); null: no bound")]
    cost_usd: Annotated[str | None, Doc("USD on a day (UTC), exact; null: no bound")]


@dataclass(frozen=True, slots=True)
class Spending:
    """What all users together have spent on models, as the ledger has it."""

    enabled: Annotated[bool, Doc("Whether models may be called")]
    spent_hour: Annotated[str, Doc("Since the full hour (UTC), USD, exact")]
    spent_month: Annotated[str, Doc("Since the first of the month (UTC), USD, exact")]
    cap_hour: Annotated[str | None, Doc("AETHER_SPEND_CAP_HOUR, USD; null: no bound")]
    cap_month: Annotated[str | None, Doc("AETHER_SPEND_CAP_MONTH, USD; null: no bound")]


@router.patch("/users/{user_id}/budget", responses=problem_responses(404))
async def set_budget(user_id: UserId, body: BudgetBody, admin: Admin, services: AetherServices) -> UserBudget:
    """Gives a user a daily budget of his own, on every worker within a second."""
    cost = None if body.cost_usd is None else parse_usd(body.cost_usd)
    if not await services.controls.set_budget(user_id, Budget(body.tokens, cost) or None, admin.user_id):
        raise NotFound("There is no such user.")
    return UserBudget(user_id, body.tokens, format_usd(cost))


@router.get("/spending")
async def get_spending(_: Admin, services: AetherServices) -> Spending:
    """What was spent this hour and this month, the caps, and whether models may be called."""
    return await spending(services)


@router.put("/spending")
async def set_spending(body: SpendingBody, admin: Admin, services: AetherServices) -> Spending:
    """Switches all calls to models off or on, on every worker within a second and across restarts.

    While they are off chat answers 503 model_unavailable; answers from the cache still come.
    """
    await services.controls.set_enabled(body.enabled, admin.user_id)
    return await spending(services)


async def spending(services: AetherServices) -> Spending:
    hour, month = await services.budgets.spend()
    caps = services.budgets.caps
    return Spending(
        services.controls.enabled, format_usd(hour), format_usd(month), format_usd(caps.hour), format_usd(caps.month)
    )
