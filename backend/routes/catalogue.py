"""What may be looked up: the agents and the models."""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter

from backend.domain.agents import AGENTS
from backend.domain.models import Model
from backend.domain.usage import format_usd
from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS

TOKENS_PER_PRICE = 1_000_000

router = APIRouter(prefix="/api/ai/v4", tags=["catalogue"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class AgentView:
    id: str
    name: str
    role: str
    description: str
    tier: str


@dataclass(frozen=True, slots=True)
class AgentList:
    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens; null: unknown, or no reduced price for cached input."""

    input: str | None
    cached_input: str | None
    output: str | None


@dataclass(frozen=True, slots=True)
class ModelView:
    id: str
    tier: str
    context: int
    max_output: int
    prices: Prices
    verified_on: date | None
    status: str


@dataclass(frozen=True, slots=True)
class ModelList:
    models: tuple[ModelView, ...]


@router.get("/agents/available")
async def list_agents(_: CurrentUser) -> AgentList:
    return AgentList(tuple(AgentView(a.id, a.name, a.role, a.description, a.tier) for a in AGENTS))


@router.get("/models")
async def list_models(_: CurrentUser, services: AetherServices) -> ModelList:
    return ModelList(tuple(view_of(model) for model in services.ai.catalogue.models))


def view_of(model: Model) -> ModelView:
    price = model.price
    rates = (price.input, price.cached_input, price.output) if price else (None, None, None)
    prices = Prices(*(format_usd(None if rate is None else rate * TOKENS_PER_PRICE) for rate in rates))
    return ModelView(model.id, model.tier, model.context, model.max_output, prices, model.verified_on, model.status)
