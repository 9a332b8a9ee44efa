"""No more requests in a worker than it can serve: what is too much is refused at once, before anything queues."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import Overloaded
from backend.middleware.answers import send_problem

RETRY_AFTER_S = 1.0
ALWAYS_SERVED = "/api/health/"
"""Who asks whether the worker lives must not hear that it is full: it would be restarted."""


class OverloadMiddleware:
    """limit: requests in flight, open streams included."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self._limit = limit
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS_SERVED):
            await self.app(scope, receive, send)
            return
        if self._in_flight >= self._limit:
            error = Overloaded("The server is full: try again in a moment.", retry_after=RETRY_AFTER_S)
            await send_problem(scope, send, error)
            return
        self._in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._in_flight -= 1
