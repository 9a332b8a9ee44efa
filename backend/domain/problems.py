"""Problem documents (RFC 9457): the one shape of every error, whether it is an HTTP answer or a stream's event."""

from typing import Any

from backend.errors import AetherError

MEDIA_TYPE = "application/problem+json"


def problem(*, status: int, title: str, code: str, detail: str, correlation_id: str | None) -> dict[str, Any]:
    """type is a stable URN of the code; detail never repeats what a user typed."""
    return {
        "type": f"urn:aether:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": correlation_id,
    }


def problem_of(error: AetherError, correlation_id: str | None) -> dict[str, Any]:
    return problem(
        status=error.status, title=error.title, code=error.code, detail=error.detail, correlation_id=correlation_id
    )
