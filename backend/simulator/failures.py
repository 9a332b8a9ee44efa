"""The vendor's error answers: status, body and headers."""

from collections.abc import Mapping

import orjson


class ApiFailure(Exception):
    """An error answer. kind is the vendor's `type`, code its `code` (absent where None)."""

    def __init__(
        self, status: int, message: str, *, kind: str, code: str | None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        error = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
        return orjson.dumps({"error": error})


def invalid_request(message: str, code: str | None = None) -> ApiFailure:
    return ApiFailure(400, message, kind="invalid_request_error", code=code)


def invalid_key() -> ApiFailure:
    return ApiFailure(401, "Invalid API Key", kind="invalid_request_error", code="invalid_api_key")


def unknown_url(method: str, path: str) -> ApiFailure:
    message = f"Unknown request URL: {method} {path}. Please check the URL for typos."
    return ApiFailure(404, message, kind="invalid_request_error", code="unknown_url")


def unknown_model(model: str) -> ApiFailure:
    message = f"The model `{model}` does not exist or you do not have access to it."
    return ApiFailure(404, message, kind="invalid_request_error", code="model_not_found")


def decommissioned(model: str) -> ApiFailure:
    message = f"The model `{model}` has been decommissioned and is no longer supported."
    return ApiFailure(400, message, kind="invalid_request_error", code="model_decommissioned")


def body_too_large() -> ApiFailure:
    return ApiFailure(413, "Request Entity Too Large", kind="invalid_request_error", code="request_too_large")


def context_exceeded() -> ApiFailure:
    return invalid_request("Please reduce the length of the messages or completion.", "context_length_exceeded")


def message_too_large(model: str, limit: int, requested: int, *, status: int = 413) -> ApiFailure:
    """The error that looks like a rate limit and will not go away by waiting."""
    message = (
        f"Request too large for model `{model}` on tokens per minute (TPM): Limit {limit}, Requested {requested}, "
        "please reduce your message size and try again."
    )
    return ApiFailure(status, message, kind="tokens", code="rate_limit_exceeded")


def rate_limited(model: str, kind: str, retry_after: float | None) -> ApiFailure:
    """429; kind is requests or tokens, retry_after in seconds, None for no header."""
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    message = f"Rate limit reached for model `{model}` on {kind}. Please try again later."
    return ApiFailure(429, message, kind=kind, code="rate_limit_exceeded", headers=headers)
