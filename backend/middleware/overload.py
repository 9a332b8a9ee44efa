"""No more requests in a worker than it can serve: what is too much is refused at once, before anything queues."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import Overloaded
from backend.middleware.answers import send_problem

RETRY_AFTER_S = 1.0
ALWAYS_SERVED = "/api/health/"
"""Who asks whether the worker lives must not hear that it is full: it would be restarted."""


class Places:
    """limit: how many may be taken at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0


class OverloadMiddleware:
    """limit: requests in flight, open streams included.

    idle: paths that stay open and mostly wait -> how many of each may be open. They have places of their own, so that
    they never take those of requests, nor requests theirs.
    """

    def __init__(self, app: ASGIApp, limit: int, idle: dict[str, int] | None = None) -> None:
        self.app = app
        self._requests = Places(limit)
        self._idle = {path: Places(number) for path, number in (idle or {}).items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS_SERVED):
            await self.app(scope, receive, send)
            return
        places = self._idle.get(scope["path"], self._requests)
        if places.taken >= places.limit:
            error = Overloaded("The server is full: try again in a moment.", retry_after=RETRY_AFTER_S)
            await send_problem(scope, send, error)
            return
        places.taken += 1
        try:
            await self.app(scope, receive, send)
        finally:
            places.taken -= 1
