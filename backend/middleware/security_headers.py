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
        "frame-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Of answers that are no page: whoever opens one in a browser gets nothing that runs, loads or is framed."""
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock"),
        *("serial", "usb", "xr-spatial-tracking"),
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
        (b"cross-origin-embedder-policy", "require-corp"),
        (b"permissions-policy", PERMISSIONS),
        (b"x-permitted-cross-domain-policies", "none"),
    )
)
NOT_STORED = (b"cache-control", b"no-store")
ENCRYPTED = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
PAGE = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())
API = (b"content-security-policy", API_POLICY.encode())
NAMES = frozenset(name for name, _ in (*HEADERS, NOT_STORED, ENCRYPTED, PAGE))


class SecurityHeadersMiddleware:
    """Adds what a route has not set itself. An answer whose route does not say otherwise is stored nowhere."""

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
    yield NOT_STORED
    yield API if scope["path"].startswith("/api/") else PAGE
    if scope["scheme"] == "https":
        yield ENCRYPTED
