"""The headers that routes with a limit have: each is described once, as a component of the OpenAPI document."""

from typing import Any

Responses = dict[int | str, dict[str, Any]]

HEADERS: dict[str, dict[str, Any]] = {
    "X-RateLimit-Limit": {
        "description": "Requests that the caller may make within the window of this route's limit",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests that are left now. While the shared counter is away: what this worker may grant",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Reset": {
        "description": "Seconds until the oldest counted request leaves the window and makes room for another",
        "schema": {"type": "integer", "minimum": 0},
    },
}
RATE_HEADERS = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}


def with_rate_headers(responses: Responses, success: int = 200) -> Responses:
    """The responses argument of a route that has a limit: every answer of it tells the caller's rate."""
    documented: Responses = {success: {}, **responses}
    return {
        status: {**response, "headers": {**response.get("headers", {}), **RATE_HEADERS}}
        for status, response in documented.items()
    }
