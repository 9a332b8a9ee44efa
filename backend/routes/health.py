"""Health for machines: live (the process answers), ready (send it requests), and a short status for users."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from backend.domain.doc import Doc
from backend.routes.deps import AetherServices, AnyCaller
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS, problem_responses

SHORT_STATUS_MAX_AGE_S = 2.0

router = APIRouter(prefix="/api/health", tags=["health"])


class Sign(BaseModel):
    status: Annotated[Literal["ok"], Doc("Always ok; anything else is a problem document")] = "ok"


class ShortStatus(BaseModel):
    status: Annotated[
        Literal["ok", "degraded", "down"],
        Doc("down: nothing is answered. degraded: answers are slower, or come from caches only"),
    ]


@router.get("/live", responses=problem_responses(500))
async def is_live() -> Sign:
    """200 as long as the process answers at all: restart it where this fails."""
    return Sign()


@router.get("/ready", responses=PUBLIC_PROBLEMS)
async def is_ready(services: AetherServices) -> Sign:
    """503 while the database is away or the worker is shutting down: send requests elsewhere."""
    await services.health.check_ready()
    return Sign()


@router.get("", responses=PROBLEMS)
async def get_health(services: AetherServices, _user: AnyCaller) -> ShortStatus:
    """The state of Aether in one word, at most two seconds old."""
    report = await services.health.report(max_age_s=SHORT_STATUS_MAX_AGE_S)
    return ShortStatus(status=report.status)
