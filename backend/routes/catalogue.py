"""What may be looked up: the agents and the models."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter

from backend.domain.agents import AGENTS
from backend.domain.doc import Doc
from backend.domain.models import Model
from backend.domain.usage import format_usd
from backend.routes.caching import KEPT_PRIVATELY, NOT_MODIFIED
from backend.routes.deps import AetherServices, AnyCaller
from backend.routes.problems import PROBLEMS

TOKENS_PER_PRICE = 1_000_000

router = APIRouter(prefix="/api/ai/v4", tags=["catalogue"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class AgentView:
    id: Annotated[str, Doc("As agent_type takes it")]
    name: Annotated[str, Doc("For people")]
    role: Annotated[str, Doc("Its profession")]
    description: Annotated[str, Doc("What to ask it")]
    tier: Annotated[str, Doc("Tier of model that it prefers: small or large")]


@dataclass(frozen=True, slots=True)
class AgentList:
    agents: Annotated[tuple[AgentView, ...], Doc("All of them")]


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens as exact decimal strings."""

    input: Annotated[str | None, Doc("Tokens sent; null: unknown")]
    cached_input: Annotated[str | None, Doc("Tokens that the vendor had cached; null: unknown, or no reduced price")]
    output: Annotated[str | None, Doc("Tokens produced; null: unknown")]


@dataclass(frozen=True, slots=True)
class ModelView:
    id: Annotated[str, Doc("As model takes it")]
    tier: Annotated[str, Doc("small or large")]
    context: Annotated[int, Doc("Prompt and answer together, tokens")]
    max_output: Annotated[int, Doc("Longest answer, tokens")]
    prices: Prices
    verified_on: Annotated[date | None, Doc("Day on which this row was compared with the vendor's page")]
    age_days: Annotated[int | None, Doc("Days since then; null: it never was. After 90 the dashboard warns")]
    source: Annotated[str | None, Doc("The page that it was compared with; null: none is known")]
    status: Annotated[str, Doc("production, preview, or retired (cannot be asked any more)")]


@dataclass(frozen=True, slots=True)
class ModelList:
    models: Annotated[tuple[ModelView, ...], Doc("The catalogue")]
    simulated: Annotated[bool, Doc("The bundled simulator answers in the name of these models")]


@router.get("/agents/available", dependencies=[KEPT_PRIVATELY], responses=NOT_MODIFIED)
async def list_agents(_: AnyCaller) -> AgentList:
    """The agents that may be asked by name."""
    return AgentList(tuple(AgentView(a.id, a.name, a.role, a.description, a.tier) for a in AGENTS))


@router.get("/models", dependencies=[KEPT_PRIVATELY], responses=NOT_MODIFIED)
async def list_models(_: AnyCaller, services: AetherServices) -> ModelList:
    """The models that Aether knows, with their prices, retired ones included."""
    today = services.database.now().date()
    return ModelList(tuple(view_of(model, today) for model in services.ai.catalogue.models), services.simulated)


def view_of(model: Model, today: date) -> ModelView:
    price = model.price
    rates = (price.input, price.cached_input, price.output) if price else (None, None, None)
    prices = Prices(*(format_usd(None if rate is None else rate * TOKENS_PER_PRICE) for rate in rates))
    return ModelView(
        id=model.id,
        tier=model.tier,
        context=model.context,
        max_output=model.max_output,
        prices=prices,
        verified_on=model.verified_on,
        age_days=model.age_days(today),
        source=model.source,
        status=model.status,
    )
