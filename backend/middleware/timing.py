"""The clock of each request: two response headers, one summary line in the log, one report to the monitor."""

import time
from collections.abc import Callable
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OnRequest = Callable[[str, str, int, float], None]
"""Receives route template, method, status and seconds until the response began."""

CATEGORIES = ((0.1, "excellent"), (0.3, "good"), (1.0, "acceptable"), (3.0, "slow"))
SLOWEST = "very-slow"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
CLIENT_GONE = 499
"""Reported where the client left before a response began (the status that nginx logs)."""

log = structlog.get_logger()


def category_of(seconds: float) -> str:
    return next((name for limit, name in CATEGORIES if seconds < limit), SLOWEST)


def route_template(scope: Scope) -> str:
    """The matched route's path with its parameters' names, never the path that was asked for.

    FastAPI keeps the route of an included router without the prefix that it was included under; the whole path is
    in the effective context beside it.
    """
    effective = scope.get("fastapi", {}).get("effective_route_context")
    route = scope.get("route")
    for candidate in (effective, route):
        template = getattr(candidate, "path_format", None) or getattr(candidate, "path", None)
        if template:
            return str(template)
    return UNMATCHED


class TimingMiddleware:
    """A client that leaves counts too. clock: seconds, monotonic."""

    def __init__(self, app: ASGIApp, on_request: OnRequest, clock: Callable[[], float] = time.perf_counter) -> None:
        self.app = app
        self.on_request = on_request
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_at = self.clock()
        summary: _Summary | None = None

        async def send_with_times(message: Message) -> None:
            nonlocal summary
            if message["type"] == "http.response.start" and summary is None:
                summary = self._report(scope, message["status"], self.clock() - started_at)
                message["headers"] = [*message.get("headers", ()), *_headers(summary.seconds)]
            await send(message)

        try:
            await self.app(scope, receive, send_with_times)
        finally:
            total = self.clock() - started_at
            ended = summary or self._report(scope, CLIENT_GONE, total)
            log.info(
                "request",
                method=ended.method,
                route=ended.route,
                status=ended.status,
                ms=round(ended.seconds * 1000, 1),
                total_ms=round(total * 1000, 1),
            )

    def _report(self, scope: Scope, status: int, seconds: float) -> "_Summary":
        summary = _Summary(route_template(scope), _method(scope), status, seconds)
        self.on_request(*summary)
        return summary


class _Summary(NamedTuple):
    route: str
    method: str
    status: int
    seconds: float


def _method(scope: Scope) -> str:
    """A closed set: a method that a client made up becomes no metric label."""
    method: str = scope["method"]
    return method if method in METHODS else "OTHER"


def _headers(seconds: float) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"x-response-time", f"{seconds * 1000:.1f}".encode()),
        (b"x-performance-category", category_of(seconds).encode()),
    )
