"""What administrators and Prometheus see."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security

from backend.domain.doc import Doc
from backend.routes.deps import (
    Admin,
    AetherServices,
    Credentials,
    api_key,
    check_admin,
    check_scopes,
    get_principal,
)
from backend.routes.problems import ADMIN_PROBLEMS
from backend.routes.savings import SavingsEvidence, shape_of
from backend.services.health import Report
from backend.services.performance_monitor import WindowName
from backend.services.performance_monitor.advice import Recommendation
from backend.services.performance_monitor.shapes import (
    AIStats,
    AlertLists,
    AlertView,
    CacheStats,
    CurrentStatus,
    Dashboard,
    PerformanceStats,
)

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
Window = Annotated[
    WindowName, Query(description="Span that ends now; its time series has a point a minute, an hour or a day")
]

router = APIRouter(tags=["performance"], responses=ADMIN_PROBLEMS)


@dataclass(frozen=True, slots=True)
class DashboardAnswer:
    dashboard: Dashboard
    evidence: SavingsEvidence
    timestamp: Annotated[datetime, Doc("When it was made")]


@dataclass(frozen=True, slots=True)
class PerformanceAnswer:
    """The parts of the dashboard of the last hour that fit on one screen, with the state of the dependencies."""

    health: Report
    current_status: CurrentStatus
    performance_stats: PerformanceStats
    ai_stats: AIStats
    cache_stats: CacheStats
    recent_alerts: tuple[AlertView, ...]
    recommendations: tuple[Recommendation, ...]
    evidence: SavingsEvidence
    timestamp: Annotated[datetime, Doc("When it was made")]


@router.get("/api/ai/v4/performance/dashboard")
async def get_dashboard(_: Admin, services: AetherServices, window: Window = "1h") -> DashboardAnswer:
    """Figures over all workers: requests, models, caches, database, machines, time series, alerts, recommendations.

    Where MongoDB is away these are the figures of the worker that answers, and scope says so.
    """
    return DashboardAnswer(
        await services.monitor.dashboard(window), shape_of(services.calibration.evidence()), datetime.now(UTC)
    )


@router.get("/api/ai/v4/performance/alerts")
async def list_alerts(_: Admin, services: AetherServices) -> AlertLists:
    """The alerts that fire now and the last fifty that were resolved."""
    return await services.monitor.alerts()


@router.get("/api/ai/v4/health/detailed")
async def get_detailed_health(_: Admin, services: AetherServices) -> Report:
    """The state of each dependency, each of them asked for this answer. 200 whatever the state is."""
    return await services.health.report()


@router.get("/performance")
async def get_performance(_: Admin, services: AetherServices, response: Response) -> PerformanceAnswer:
    """The state at a glance: dependencies, the current minute, the last hour, and what fires."""
    response.headers["Cache-Control"] = "no-store"
    report, board = await asyncio.gather(services.health.report(), services.monitor.dashboard("1h"))
    return PerformanceAnswer(
        health=report,
        current_status=board.current_status,
        performance_stats=board.performance_stats,
        ai_stats=board.ai_stats,
        cache_stats=board.cache_stats,
        recent_alerts=board.recent_alerts,
        recommendations=board.recommendations,
        evidence=shape_of(services.calibration.evidence()),
        timestamp=datetime.now(UTC),
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[Security(api_key, scopes=["admin"])],
)
async def get_metrics(request: Request, credentials: Credentials, services: AetherServices) -> Response:
    """Metrics of all workers as Prometheus text, for an administrator's token or AETHER_METRICS_TOKEN."""
    token = services.metrics_token
    sent = credentials.credentials if credentials else ""
    if not (token and secrets.compare_digest(sent.encode(), token.encode())):
        caller = await get_principal(request, credentials)
        check_scopes(caller, ["admin"])
        await check_admin(services, caller)
    text = await asyncio.to_thread(services.monitor.exposition)
    return Response(text, media_type=EXPOSITION, headers={"Cache-Control": "no-store"})
