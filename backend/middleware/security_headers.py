"""Headers that tell browsers what they must not do with a response."""

from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = tuple(
    (name, value.encode())
    for name, value in (
        (b"x-content-type-options", "nosniff"),
        (b"x-frame-options", "DENY"),
        (b"referrer-policy", "no-referrer"),
        (b"cross-origin-opener-policy", "same-origin"),
        (b"cross-origin-resource-policy", "same-origin"),
        (b"permissions-policy", "camera=(), geolocation=(), microphone=()"),
        (b"content-security-policy", CONTENT_SECURITY_POLICY),
    )
)
NOT_STORED = (b"cache-control", b"no-store")
ENCRYPTED = (b"strict-transport-security", b"max-age=31536000")
NAMES = frozenset(name for name, _ in (*HEADERS, NOT_STORED, ENCRYPTED))


class SecurityHeadersMiddleware:
    """Adds what a route has not set itself. Answers under /api are never stored by browsers or proxies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                present = NAMES.intersection(name.lower() for name, _ in headers)
                message["headers"] = [*headers, *(pair for pair in _wanted(scope) if pair[0] not in present)]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _wanted(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    yield from HEADERS
    if scope["path"].startswith("/api/"):
        yield NOT_STORED
    if scope["scheme"] == "https":
        yield ENCRYPTED
