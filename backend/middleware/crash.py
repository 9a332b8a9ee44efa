"""The last resort: what no handler knows is logged once and answered as a problem."""

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import AetherError
from backend.middleware.answers import send_problem

log = structlog.get_logger()


class CrashMiddleware:
    """Inside the middleware that adds headers, so that a 500 has them too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_noting_start)
        except ClientDisconnect:
            log.debug("client_disconnected")
        except Exception:
            # Broad on purpose: a defect anywhere below must reach the log with its traceback and the client as a
            # problem. Raising it again would have the server log it a second time, without the correlation id.
            log.exception("unexpected_exception", response_started=started)
            if not started:
                detail = "Something unexpected happened. It was logged under the correlation id of this answer."
                await send_problem(scope, send, AetherError(detail))
