"""The error family: each class is one HTTP status and one stable code.

Services raise these, the handler in backend.routes.problems turns them into application/problem+json.
The detail is written for the person who reads it and never repeats what a user typed.
"""

from collections.abc import Mapping, Sequence


class AetherError(Exception):
    """Base of every error that a caller may see."""

    status = 500
    code = "internal_error"
    title = "Internal error"
    attempts = 0
    """Upstream calls that were made before it was raised."""
    extensions: Mapping[str, object] = {}
    """Members of the problem document beyond those that every problem has (RFC 9457, 3.2)."""

    def __init__(self, detail: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        """retry_after: seconds after which the same request may succeed (header Retry-After)."""
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.retry_after = retry_after


class InvalidInput(AetherError):
    status, code, title = 422, "invalid_input", "Invalid input"


class WeakPassword(InvalidInput):
    """score: 0 to 4, as zxcvbn has it. warning and suggestions: for the person who chose the password."""

    code, title = "weak_password", "Weak password"

    def __init__(self, detail: str, *, score: int, warning: str, suggestions: Sequence[str]) -> None:
        super().__init__(detail)
        self.suggestions = tuple(suggestions)
        self.extensions = {"strength": {"score": score, "warning": warning, "suggestions": list(suggestions)}}


class OidcRefused(InvalidInput):
    """A sign-in through the identity provider came to nothing. reason: for the log, in our own words."""

    code, title = "oidc_failed", "Sign-in refused"

    def __init__(self, detail: str, *, code: str | None = None, reason: str = "") -> None:
        super().__init__(detail, code=code)
        self.reason = reason


class IdempotencyMismatch(AetherError):
    status, code, title = 422, "idempotency_mismatch", "Idempotency key reused with another body"


class PayloadTooLarge(AetherError):
    status, code, title = 413, "payload_too_large", "Request body too large"


class Unauthenticated(AetherError):
    status, code, title = 401, "unauthenticated", "Sign-in required"


class MfaRequired(Unauthenticated):
    """The password was right. token: for the second step. expires_in: seconds that it is valid for."""

    code, title = "mfa_required", "Second factor required"

    def __init__(self, detail: str, *, token: str, expires_in: int) -> None:
        super().__init__(detail)
        self.extensions = {"mfa_token": token, "expires_in": expires_in}


class Forbidden(AetherError):
    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(AetherError):
    status, code, title = 404, "not_found", "Not found"


class Conflict(AetherError):
    status, code, title = 409, "conflict", "Conflict"


class LimitReached(AetherError):
    """limit: its name, empty where it is of the caller's own making (max_cost_usd)."""

    def __init__(
        self, detail: str, *, limit: str = "", code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail, code=code, retry_after=retry_after)
        self.limit = limit


class BudgetExceeded(LimitReached):
    status, code, title = 402, "budget_exceeded", "Spend cap reached"


class RateLimited(LimitReached):
    status, code, title = 429, "rate_limited", "Too many requests"


class UpstreamError(AetherError):
    """The model provider failed.

    retryable: another attempt may succeed. upstream_status: the provider's HTTP status, None without a response.
    """

    status, code, title = 502, "upstream_error", "The model provider failed"

    def __init__(
        self,
        detail: str,
        *,
        retryable: bool = False,
        upstream_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.retryable = retryable
        self.upstream_status = upstream_status


class ModelUnavailable(AetherError):
    status, code, title = 503, "model_unavailable", "The model is unavailable"


class Overloaded(AetherError):
    status, code, title = 503, "overloaded", "The server is full"


class DatabaseUnavailable(AetherError):
    status, code, title = 503, "database_unavailable", "The database is unavailable"


class CacheUnavailable(AetherError):
    status, code, title = 503, "cache_unavailable", "The shared cache is unavailable"


class MailUnavailable(AetherError):
    status, code, title = 503, "mail_unavailable", "Mail cannot be sent"


class OidcUnavailable(AetherError):
    """reason: for the log, in our own words."""

    status, code, title = 503, "oidc_unavailable", "The identity provider is unavailable"

    def __init__(self, detail: str, *, reason: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class DeadlineExceeded(AetherError):
    status, code, title = 504, "deadline_exceeded", "Deadline exceeded"
