"""While a worker drains, clients on kept-alive connections are told to come back on another one."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class DrainMiddleware:
    """draining: asked at the start of each response."""

    def __init__(self, app: ASGIApp, draining: Callable[[], bool]) -> None:
        self.app = app
        self.draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self.draining():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive, send_closing)
