"""What pages of other origins may do where AETHER_CORS_ORIGINS names them."""

from typing import TypedDict

PREFLIGHT_S = 7200
"""What a browser may remember a preflight for: the longest that Chromium takes."""


class CrossOrigin(TypedDict):
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool
    max_age: int


CROSS_ORIGIN: CrossOrigin = {
    "allow_methods": ("GET", "POST", "PUT", "PATCH", "DELETE"),
    "allow_headers": ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Correlation-ID"),
    "expose_headers": (
        *("X-Correlation-ID", "X-Response-Time", "X-Performance-Category", "X-Aether-Simulated"),
        *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After", "Idempotency-Replayed"),
        "ETag",
    ),
    # Access tokens go in a header that pages set themselves; the cookie is for the server's own page.
    "allow_credentials": False,
    "max_age": PREFLIGHT_S,
}
