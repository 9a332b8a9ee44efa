"""The clock of each request: two response headers, one summary line in the log, one report to the monitor."""

import time
from collections.abc import Callable

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
        status: int | None = None
        seconds = 0.0

        async def send_with_times(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start" and status is None:
                seconds = self.clock() - started_at
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_headers(seconds)]
                self._report(scope, status, seconds)
            await send(message)

        try:
            await self.app(scope, receive, send_with_times)
        finally:
            total = self.clock() - started_at
            if status is None:
                status, seconds = CLIENT_GONE, total
                self._report(scope, status, seconds)
            log.info(
                "request",
                method=_method(scope),
                route=route_template(scope),
                status=status,
                ms=round(seconds * 1000, 1),
                total_ms=round(total * 1000, 1),
            )

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        self.on_request(route_template(scope), _method(scope), status, seconds)


def _method(scope: Scope) -> str:
    """A closed set: a method that a client made up becomes no metric label."""
    method: str = scope["method"]
    return method if method in METHODS else "OTHER"


def _headers(seconds: float) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"x-response-time", f"{seconds * 1000:.1f}".encode()),
        (b"x-performance-category", category_of(seconds).encode()),
    )
