"""Problem documents (RFC 9457): the one shape of every error, whether it is an HTTP answer or a stream's event."""

from dataclasses import dataclass
from typing import Any

from backend.errors import AetherError

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """meaning: for who writes a client."""

    code: str
    status: int
    meaning: str


CODES: tuple[ProblemCode, ...] = (
    ProblemCode("bad_request", 400, "not HTTP as the server understands it"),
    ProblemCode("unauthenticated", 401, "no access token or API key was sent, or its account is gone"),
    ProblemCode("token_invalid", 401, "the access token is not one of this server's"),
    ProblemCode("token_expired", 401, "refresh the access token"),
    ProblemCode("api_key_invalid", 401, "no such API key, or it was revoked"),
    ProblemCode("api_key_expired", 401, "the API key has expired"),
    ProblemCode("session_revoked", 401, "the sign-in was ended: sign in again"),
    ProblemCode("invalid_credentials", 401, "the address or the password is wrong"),
    ProblemCode("mfa_required", 401, "the password is right: send mfa_token and a code to /api/auth/login/mfa"),
    ProblemCode("mfa_code_invalid", 401, "the code is wrong, or was used before"),
    ProblemCode("mfa_token_invalid", 401, "begin to sign in anew: it took too long, or was done before"),
    ProblemCode("refresh_token_invalid", 401, "no refresh token, or not a valid one: sign in again"),
    ProblemCode("account_disabled", 401, "an administrator has closed the account"),
    ProblemCode("budget_exceeded", 402, "max_cost_usd, the day's budget or the server's spend cap does not cover it"),
    ProblemCode("forbidden", 403, "administrators only"),
    ProblemCode("foreign_origin", 403, "a page of another site may not act with this browser's cookie"),
    ProblemCode("insufficient_scope", 403, "the API key does not have the scope that the route asks for"),
    ProblemCode("sign_in_required", 403, "API keys cannot do this: sign in"),
    ProblemCode("not_found", 404, "no such thing, or another user's"),
    ProblemCode("oidc_off", 404, "this server has no identity provider"),
    ProblemCode("method_not_allowed", 405, "the path takes other methods: see the header Allow"),
    ProblemCode("conflict", 409, "it contradicts what is stored"),
    ProblemCode("own_account", 409, "an administrator cannot change the role of his own account, or close it"),
    ProblemCode("too_many_prompts", 409, "a user keeps 200 prompts at most"),
    ProblemCode("too_little_traffic", 409, "a calibration needs 200 requests of the last 14 days"),
    ProblemCode("email_taken", 409, "the address has an account"),
    ProblemCode("oidc_linked", 409, "the account, or who signed in at the identity provider, is linked otherwise"),
    ProblemCode("oidc_only_way", 409, "without a password there would be no way in: set one first"),
    ProblemCode("too_many_keys", 409, "a user has 25 API keys at most"),
    ProblemCode("payload_too_large", 413, "the body is larger than 1 MB, or 16 MB for an import"),
    ProblemCode("invalid_input", 422, "it does not fit the shape: errors says where and why"),
    ProblemCode("invalid_json", 422, "the body is not JSON"),
    ProblemCode("invalid_cursor", 422, "the cursor is not one that this server made"),
    ProblemCode("unknown_model", 422, "no such model: see GET /api/ai/v4/models"),
    ProblemCode("model_retired", 422, "the vendor no longer serves the model"),
    ProblemCode("weak_password", 422, "too easy to guess, too short or too long: strength has a hint"),
    ProblemCode("link_invalid", 422, "the link of a mail was used, withdrawn, or is too old: ask for another one"),
    ProblemCode("wrong_password", 422, "the current password is wrong"),
    ProblemCode("oidc_denied", 422, "at the identity provider the sign-in was refused or broken off"),
    ProblemCode("oidc_state_invalid", 422, "the sign-in was begun elsewhere, too long ago, or has ended: begin again"),
    ProblemCode("oidc_failed", 422, "what the identity provider sent does not hold: the log says why"),
    ProblemCode("oidc_not_fresh", 422, "the identity provider does not say that the password was asked for just now"),
    ProblemCode("oidc_email_unverified", 422, "neither the identity provider nor this server vouches for the address"),
    ProblemCode("oidc_domain_refused", 422, "addresses of this domain may not sign in here"),
    ProblemCode("oidc_not_registered", 422, "there is no account, and signing in does not make one here"),
    ProblemCode("oidc_account_exists", 422, "the address has an account: sign in with its password, then link the two"),
    ProblemCode("confirmation_invalid", 422, "the confirmation was used, is too old, or is another user's"),
    ProblemCode("wrong_code", 422, "the code of the second factor is wrong, or was used before"),
    ProblemCode("idempotency_mismatch", 422, "the Idempotency-Key was used with another body"),
    ProblemCode("not_searchable", 422, "nothing can be searched there"),
    ProblemCode("rate_limited", 429, "too many requests, failed sign-ins or unknown keys: wait as Retry-After says"),
    ProblemCode("too_many_concurrent", 429, "too many requests at once"),
    ProblemCode("internal_error", 500, "a defect: report it with its correlation_id"),
    ProblemCode("upstream_error", 502, "the model provider failed, retries included"),
    ProblemCode(
        "model_unavailable",
        503,
        "the model has failed too often and is left alone for a while, or models are switched off",
    ),
    ProblemCode("overloaded", 503, "the server is full"),
    ProblemCode("draining", 503, "this worker is shutting down: ask again, another one answers"),
    ProblemCode("database_unavailable", 503, "MongoDB does not answer: nothing was stored"),
    ProblemCode("cache_unavailable", 503, "Redis does not answer, and this cannot be done without it"),
    ProblemCode("search_unavailable", 503, "text search needs a MongoDB, and the index that its first start builds"),
    ProblemCode("mail_unavailable", 503, "the server has no mail server to send with"),
    ProblemCode("oidc_unavailable", 503, "the identity provider does not answer as it should: use the password"),
    ProblemCode("stream_interrupted", 503, "only as an error event: the worker that wrote the stream died"),
    ProblemCode("deadline_exceeded", 504, "it took longer than deadline_s, or than the server allows"),
)
"""Every code that a client can meet, by status."""


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
    document = problem(
        status=error.status, title=error.title, code=error.code, detail=error.detail, correlation_id=correlation_id
    )
    return {**document, **error.extensions}
