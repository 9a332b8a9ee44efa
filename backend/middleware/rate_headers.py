"""X-RateLimit-* on every answer of a route that has a limit: whole answers, streams and problems alike."""

import math
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.services.limiter import RateState

RateOf = Callable[[], RateState | None]
"""What a route with a limit puts into its request's state as rate."""


class RateHeadersMiddleware:
    """Asks for the caller's rate as the response starts, so that it is as fresh as the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_rate(message: Message) -> None:
            if message["type"] == "http.response.start":
                rate_of: RateOf | None = scope.get("state", {}).get("rate")
                if rate_of and (rate := rate_of()):
                    message["headers"] = [*message.get("headers", ()), *headers_of(rate)]
            await send(message)

        await self.app(scope, receive, send_with_rate)


def headers_of(rate: RateState) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"x-ratelimit-limit", b"%d" % rate.limit),
        (b"x-ratelimit-remaining", b"%d" % rate.remaining),
        (b"x-ratelimit-reset", b"%d" % math.ceil(rate.reset_s)),
    )
