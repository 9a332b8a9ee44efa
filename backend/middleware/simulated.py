"""Marks chat answers that come from the bundled simulator."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CHAT = "/api/ai/v4/chat/"
HEADER = (b"x-aether-simulated", b"true")


class SimulatedMiddleware:
    """Only added where the simulator answers: elsewhere it costs nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(CHAT):
            await self.app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), HEADER]
            await send(message)

        await self.app(scope, receive, send_marked)
