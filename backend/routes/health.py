"""Health for machines: live (the process answers), ready (send it requests), and a short status for users."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from backend.routes.deps import AetherServices, CurrentUser
from backend.routes.problems import PROBLEMS, PUBLIC_PROBLEMS

SHORT_STATUS_MAX_AGE_S = 2.0

router = APIRouter(prefix="/api/health", tags=["health"])


class Sign(BaseModel):
    status: Literal["ok"] = "ok"


class ShortStatus(BaseModel):
    """down: nothing is answered. degraded: answers are slower, or come from caches only."""

    status: Literal["ok", "degraded", "down"]


@router.get("/live", responses=PUBLIC_PROBLEMS)
async def live() -> Sign:
    """200 as long as the process answers at all."""
    return Sign()


@router.get("/ready", responses=PUBLIC_PROBLEMS)
async def ready(services: AetherServices) -> Sign:
    """503 while the database is away or the worker is shutting down."""
    await services.health.check_ready()
    return Sign()


@router.get("", responses=PROBLEMS)
async def status(services: AetherServices, _user: CurrentUser) -> ShortStatus:
    report = await services.health.report(max_age_s=SHORT_STATUS_MAX_AGE_S)
    return ShortStatus(status=report.status)
