"""Errors as application/problem+json: one handler a family, and the table by which OpenAPI shows them."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from backend.domain.audit import UNKNOWN, AuditAction
from backend.domain.doc import Doc
from backend.domain.problems import MEDIA_TYPE, problem, problem_of
from backend.errors import AetherError, InvalidInput, LimitReached
from backend.routes.headers import HEADERS

MAX_ERRORS = 20
MAX_TEXT = 200
SCHEMAS = "#/components/schemas"
PROBLEM = "Problem"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}

log = structlog.get_logger()


class FieldError(BaseModel):
    """One place where a request does not fit its shape."""

    location: Annotated[list[str | int], Doc("From body, query, path or header inward")]
    message: Annotated[str, Doc("For people; never repeats what was sent")]
    type: Annotated[str, Doc("Name of the broken rule, as pydantic has it")]


class PasswordStrength(BaseModel):
    """Why a password is too weak."""

    score: int = Field(ge=0, le=4, description="0: fewer than a thousand guesses, 4: more than ten billion")
    warning: Annotated[str, Doc("What is wrong with it, for people; may be empty")]
    suggestions: Annotated[list[str], Doc("What would make it stronger, for people")]


class Problem(BaseModel):
    """RFC 9457, with a stable code for programs and the correlation id for people who ask for help."""

    type: str = Field(examples=["urn:aether:problem:invalid_input"], description="A URN of the code")
    title: Annotated[str, Doc("What kind of problem it is, for people")]
    status: Annotated[int, Doc("The HTTP status")]
    detail: Annotated[str, Doc("What happened, for people; never repeats what was sent")]
    code: str = Field(examples=["invalid_input"], description="Stable, for programs")
    correlation_id: Annotated[str | None, Doc("As in the header X-Correlation-ID")]
    errors: list[FieldError] | None = Field(None, description="Only where the request did not fit its shape")
    mfa_token: str | None = Field(None, description="Only with mfa_required: for the second step of the sign-in")
    expires_in: int | None = Field(None, description="Only with mfa_required: seconds that mfa_token is valid for")
    strength: PasswordStrength | None = Field(None, description="Only where a new password is too weak")


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses argument of a route: the problems that it can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}/{PROBLEM}"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


PUBLIC_PROBLEMS = problem_responses(422, 500, 503)
"""For routes that need no sign-in."""
PROBLEMS = problem_responses(401, 403, 422, 429, 500, 503)
"""For routes of a caller. 403: an API key that may not do this. 429: too many unknown keys from one address."""
ADMIN_PROBLEMS = PROBLEMS


def install_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(AetherError, answer_aether_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_exception_handler(HTTPException, answer_http_exception)
    _describe_problems(app)


def _describe_problems(app: FastAPI) -> None:
    """Puts the shape that problem_responses refers to, and the shared headers, into the OpenAPI document.

    A response's model argument would claim that it may come as application/json too.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        if PROBLEM in document.get("components", {}).get("schemas", {}):
            return document
        document.setdefault("components", {}).setdefault("headers", {}).update(HEADERS)
        own = Problem.model_json_schema(ref_template=f"{SCHEMAS}/{{model}}")
        schemas = document["components"].setdefault("schemas", {})
        schemas.update(own.pop("$defs"), **{PROBLEM: own})
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents for this


async def answer_aether_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AetherError)  # noqa: S101 (registered for this class; tells mypy)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", code=error.code, status=error.status)
    if isinstance(error, LimitReached) and error.limit:
        _count_limit_hit(request, error.limit)
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _respond(problem_of(error, _correlation_id(request)), headers)


def _count_limit_hit(request: Request, limit: str) -> None:
    user_id = getattr(request.state, "user_id", None)
    request.state.services.audit.count(AuditAction.LIMIT_HIT, user_id=user_id, actor_id=user_id or UNKNOWN, limit=limit)


async def answer_invalid_request(request: Request, error: Exception) -> Response:
    """422 with the place and the rule of each error, never the input itself."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    if any(row["type"] == "json_invalid" for row in found):
        return _invalid_json(request)
    document = problem_of(InvalidInput(_detail_of(found)), _correlation_id(request))
    return _respond(document | {"errors": [_field_error(row) for row in found[:MAX_ERRORS]]})


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: unknown paths, wrong methods, bodies that it cannot decode."""
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, ValueError | RecursionError):
        return _invalid_json(request)  # not UTF-8, nested too deep, a number too long to parse
    phrase = HTTPStatus(error.status_code).phrase
    document = problem(
        status=error.status_code,
        title=phrase,
        code=CODES.get(error.status_code, phrase.lower().replace(" ", "_").replace("-", "_")),
        detail=HTTPStatus(error.status_code).description or phrase,
        correlation_id=_correlation_id(request),
    )
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return _respond(document, headers)


def _methods(request: Request) -> list[str]:
    """What the path takes. The framework itself names the methods of one of its routes only."""
    routes = request.app.routes
    asked = ({**request.scope, "method": method} for method in METHODS)
    return [scope["method"] for scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _invalid_json(request: Request) -> Response:
    error = InvalidInput("The body is not JSON that can be read.", code="invalid_json")
    return _respond(problem_of(error, _correlation_id(request)))


def _respond(document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(document), status_code=document["status"], headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def _correlation_id(request: Request) -> str | None:
    return getattr(request.state, "correlation_id", None)


def _detail_of(found: Sequence[Mapping[str, Any]]) -> str:
    first = _field_error(found[0])
    place = ".".join(str(part) for part in first["location"])
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return f"{place}: {first['message']}{more}"


def _field_error(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "location": [part if isinstance(part, int) else _printable(part) for part in row["loc"]],
        "message": _printable(row["msg"]),
        "type": row["type"],
    }


def _printable(text: str) -> str:
    """Names of unknown fields are the client's own: bounded, and encodable even with lone surrogates in them."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
