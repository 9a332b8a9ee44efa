"""The vendor's failures in Aether's words. What the vendor says may repeat what a user typed: it goes no further."""

import math
from collections.abc import Mapping

from backend.errors import AetherError, DeadlineExceeded, ModelUnavailable, UpstreamError

RETRYABLE = frozenset({408, 409, 429, 498})
MODEL_GONE = frozenset({"model_decommissioned", "model_not_found"})
"""Whatever their status: a model that was withdrawn is answered with 400, one that never was with 404."""
SENTENCES = {
    400: "The model provider refused the request as invalid.",
    401: "The model provider refused the API key.",
    403: "The model provider refused access.",
    413: "The message is too large for the model provider.",
    422: "The model provider could not process the request.",
    429: "The model provider limits the rate of requests.",
    498: "The model provider has no capacity left.",
    503: "The model provider is unavailable.",
}


def read_retry_after(value: str | None) -> float | None:
    """Seconds of the header Retry-After, None where it is absent or no number of seconds."""
    try:
        seconds = float(value) if value else math.nan
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def from_status(status: int, body: object, retry_after: float | None = None) -> AetherError:
    """The error for an HTTP status and the decoded JSON body (anything else: no details)."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    details = error if isinstance(error, Mapping) else {}
    code, message = str(details.get("code")), str(details.get("message")).lower()
    if code in MODEL_GONE or (status == 404 and "model" in message):
        return ModelGone("The model provider does not serve this model.")
    too_large = status == 413 or "reduce your message size" in message
    detail = SENTENCES[413] if too_large else SENTENCES.get(status, f"The model provider failed (HTTP {status}).")
    return UpstreamError(
        detail,
        retryable=not too_large and (status in RETRYABLE or status >= 500),
        upstream_status=status,
        retry_after=retry_after,
    )


def from_stream_error(error: object) -> AetherError:
    """An error event in the middle of a stream; it may carry the status that the answer can no longer have."""
    status = error.get("status_code") if isinstance(error, Mapping) else None
    if isinstance(status, int):
        return from_status(status, error)
    return UpstreamError("The model provider stopped the answer with an error.", retryable=True)


class ModelGone(ModelUnavailable):
    """The vendor does not serve the model, or no longer: no repetition helps."""


class CircuitOpen(ModelUnavailable):
    """No call was made: the model keeps failing and is left alone for retry_after seconds."""


def unreachable() -> UpstreamError:
    return UpstreamError("The connection to the model provider failed.", retryable=True)


def cut_short() -> UpstreamError:
    return UpstreamError("The model provider's answer ended before it was complete.", retryable=True)


def malformed() -> UpstreamError:
    return UpstreamError("The model provider answered with something that is no completion.", retryable=True)


def oversized() -> UpstreamError:
    return UpstreamError("The model provider's answer is larger than an answer can be.")


def too_late() -> DeadlineExceeded:
    return DeadlineExceeded("The model did not answer within the deadline.")
