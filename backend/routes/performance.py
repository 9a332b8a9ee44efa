"""What administrators and Prometheus see."""

import asyncio
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from backend.routes.deps import Admin, AetherServices, Credentials, get_admin, get_current_user
from backend.routes.problems import ADMIN_PROBLEMS

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
Window = Literal["1h", "24h", "30d"]

router = APIRouter(tags=["performance"], responses=ADMIN_PROBLEMS)


@router.get("/api/ai/v4/performance/dashboard")
async def dashboard(_: Admin, services: AetherServices, window: Window = "1h") -> dict[str, Any]:
    """Figures over all workers: requests, AI, caches, database, system, series, alerts, recommendations."""
    return {"dashboard": await services.monitor.dashboard(window), "timestamp": datetime.now(UTC)}


@router.get("/api/ai/v4/performance/alerts")
async def alerts(_: Admin, services: AetherServices) -> dict[str, Any]:
    """firing and resolved, each with rule, severity, value, threshold, window, fired_at, resolved_at."""
    return await services.monitor.alerts()


@router.get("/api/ai/v4/health/detailed")
async def detailed_health(_: Admin, services: AetherServices) -> dict[str, Any]:
    """Each dependency, asked now."""
    return asdict(await services.health.report())


@router.get("/performance")
async def performance(_: Admin, services: AetherServices) -> dict[str, Any]:
    """The state at a glance: health, the current minute, and what fires."""
    report, board = await asyncio.gather(services.health.report(), services.monitor.dashboard("1h"))
    shown = ("current_status", "performance_stats", "ai_stats", "cache_stats", "recent_alerts", "recommendations")
    return {"health": asdict(report), **{name: board[name] for name in shown}, "timestamp": datetime.now(UTC)}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, credentials: Credentials, services: AetherServices) -> Response:
    """Prometheus text over all workers, for an administrator's token or AETHER_METRICS_TOKEN."""
    token = services.metrics_token
    sent = credentials.credentials if credentials else ""
    if not (token and secrets.compare_digest(sent.encode(), token.encode())):
        await get_admin(await get_current_user(services, credentials))
    return Response(await asyncio.to_thread(services.monitor.exposition), media_type=EXPOSITION)
