"""READ FIRST. One worker's application: routers, middleware, error handlers, and the lifespan with the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backend.config import Settings
from backend.middleware.body_limit import BodyLimitMiddleware
from backend.middleware.compression import CompressionMiddleware
from backend.middleware.correlation import CorrelationMiddleware
from backend.middleware.crash import CrashMiddleware
from backend.middleware.cross_origin import CROSS_ORIGIN
from backend.middleware.drain import DrainMiddleware
from backend.middleware.overload import OverloadMiddleware
from backend.middleware.rate_headers import RateHeadersMiddleware
from backend.middleware.revalidation import RevalidationMiddleware
from backend.middleware.security_headers import SecurityHeadersMiddleware
from backend.middleware.simulated import SimulatedMiddleware
from backend.middleware.timing import TimingMiddleware
from backend.routes import (
    admin,
    admin_calibration,
    admin_reports,
    admin_users,
    ai_v4,
    analytics,
    api_keys,
    audit,
    auth,
    bootstrap,
    cache,
    catalogue,
    conversations,
    feedback,
    folders,
    health,
    leaderboard,
    leaving,
    mail_links,
    mfa,
    oidc,
    performance,
    preferences,
    prompts,
    search,
    sessions,
    sharing,
    similar_answers,
    streams,
    transfer,
    updates,
    usage,
)
from backend.routes.home import BUILT, page_router
from backend.routes.openapi import install_openapi
from backend.routes.problems import install_problem_handlers
from backend.services.llm.provider import Provider
from backend.services.logs import configure_logging
from backend.services.services import Services
from backend.wiring.worker import VERSION, open_services

ACCOUNT_ROUTES = (auth, mfa, sessions, mail_links, oidc, leaving, api_keys)
ADMIN_ROUTES = (performance, admin, similar_answers, admin_users, admin_reports, admin_calibration, audit)
CHAT_ROUTES = (ai_v4, streams, catalogue, analytics, cache)
# What has a name comes before conversations, which take any name for an id.
CONVERSATION_ROUTES = (search, transfer, conversations, folders, feedback, sharing)
USER_ROUTES = (bootstrap, usage, leaderboard, preferences, prompts, updates)
# Routes are looked through in this order: what is asked for most comes first.
ROUTES = (*CHAT_ROUTES, health, *CONVERSATION_ROUTES, *USER_ROUTES, *ACCOUNT_ROUTES, *ADMIN_ROUTES)


NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own would look for exporters in the environment, at every request, and send them what users said."""


class State(TypedDict):
    services: Services


class Worker:
    """What middleware needs before any request has a state: the services of this worker once they are open."""

    services: Services | None = None

    def record_request(self, route: str, method: str, status: int, seconds: float) -> None:
        if self.services:
            self.services.monitor.record_request(route, method, status, seconds)

    def record_compression(self, encoding: str, before: int, after: int) -> None:
        if self.services:
            self.services.monitor.record_compression(encoding, before, after)

    def drain(self) -> None:
        """This worker is to end: it is no longer ready, its clients come back on another connection, streams end."""
        if self.services:
            self.services.health.drain()
            self.services.ai.drain()
            self.services.updates.end()

    def draining(self) -> bool:
        return self.services is not None and self.services.health.draining


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """The routes as they are, operations called as their functions.

    include_router would build each of them once more, at the first request: 0.15 s and 4 MB.
    """
    for route in router.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
        app.router.routes.append(route)


def create_app(settings: Settings, *, provider: Provider | None = None, page: Path = BUILT) -> FastAPI:
    """provider: instead of the configured one. page: the folder of the built web page."""
    configure_logging(settings.log_level)
    worker = Worker()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with open_services(settings, provider=provider) as services:
            worker.services = services
            yield {"services": services}

    app = FastAPI(
        title="Aether",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url=None,  # it is served by install_openapi
        telemetry=NO_TELEMETRY,
    )
    for router in (*(module.router for module in ROUTES), page_router(page)):
        add_routes(app, router)
    app.state.drain = worker.drain
    install_problem_handlers(app)
    install_openapi(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimitMiddleware, larger={transfer.IMPORT_PATH: transfer.MAX_IMPORT_BYTES})
    app.add_middleware(RevalidationMiddleware)
    app.add_middleware(CrashMiddleware)
    app.add_middleware(RateHeadersMiddleware)
    app.add_middleware(
        OverloadMiddleware, limit=settings.max_in_flight, idle={updates.PATH: settings.max_event_streams}
    )
    app.add_middleware(CompressionMiddleware, on_compressed=worker.record_compression)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.cors_origins, **CROSS_ORIGIN)
    if settings.simulated:
        app.add_middleware(SimulatedMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(DrainMiddleware, draining=worker.draining)
    app.add_middleware(TimingMiddleware, on_request=worker.record_request)
    app.add_middleware(CorrelationMiddleware)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app
