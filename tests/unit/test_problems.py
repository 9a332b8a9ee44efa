"""Errors as problem documents: shape, codes, and silence about what was sent."""

import json
from typing import Annotated, Any, Literal

import pytest
import structlog
from fastapi import FastAPI, Query

from backend.errors import Conflict, ModelUnavailable, RateLimited, Unauthenticated
from backend.routes.problems import PROBLEMS, install_problem_handlers
from backend.routes.text import MessageText, Shape
from tests.support.asgi import request

MARKER = "zebra crossing"
JSON = {"Content-Type": "application/json"}


class Body(Shape):
    message: MessageText
    agent: Literal["dev", "luna"] = "dev"
    limit: float | None = None
    plain: str = ""


def application() -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)

    @app.post("/body", responses=PROBLEMS)
    async def body(body: Body) -> str:
        return body.message

    @app.get("/limited")
    async def limited(days: Annotated[int, Query(ge=1, le=365)] = 30) -> None:
        raise RateLimited("Slow down.", retry_after=1.2)

    @app.delete("/limited")
    async def lift() -> None:
        """A second method of the path."""

    @app.get("/conflict")
    async def conflict() -> None:
        raise Conflict("It exists.", code="own_code")

    @app.get("/upstream")
    async def upstream() -> None:
        raise ModelUnavailable("Its breaker is open.")

    @app.get("/sign-in")
    async def sign_in() -> None:
        raise Unauthenticated("Sign in.")

    return app


async def post(content: bytes) -> tuple[int, Any]:
    response = await request(application(), "POST", "/body", headers=JSON, content=content)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert MARKER not in response.text
    return response.status_code, response.json()


async def test_an_error_of_our_own_becomes_a_problem_with_its_code() -> None:
    response = await request(application(), path="/conflict")
    assert response.status_code == 409
    assert response.json() == {
        "type": "urn:aether:problem:own_code",
        "title": "Conflict",
        "status": 409,
        "detail": "It exists.",
        "code": "own_code",
        "correlation_id": None,
    }


async def test_only_failures_of_our_side_are_logged_with_their_code() -> None:
    with structlog.testing.capture_logs() as lines:
        await request(application(), path="/conflict")
        await request(application(), path="/upstream")
    assert lines == [
        {"event": "request_failed", "log_level": "warning", "code": "model_unavailable", "status": 503},
    ]


async def test_retry_after_is_whole_seconds_rounded_up() -> None:
    assert (await request(application(), path="/limited")).headers["retry-after"] == "2"


async def test_a_missing_sign_in_names_the_scheme() -> None:
    assert (await request(application(), path="/sign-in")).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("DELETE", "/body", 405, "method_not_allowed")],
)
async def test_unknown_paths_and_methods_are_problems(method: str, path: str, status: int, code: str) -> None:
    response = await request(application(), method, path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("allow") == ("POST" if status == 405 else None)


async def test_a_method_that_a_path_does_not_take_is_answered_with_all_that_it_takes() -> None:
    response = await request(application(), "PUT", "/limited")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"message": ' + b"[" * 100_000,
        b'{"message": ' * 50_000,
        b'{"message": "\xff"}',
        b'{"message": ' + b"9" * 5000 + b"}",
    ],
    ids=["cut", "deep array", "deep object", "not UTF-8", "long number"],
)
async def test_json_that_cannot_be_read_is_named_so(content: bytes) -> None:
    status, document = await post(content)
    assert (status, document["code"]) == (422, "invalid_json")


@pytest.mark.parametrize(
    ("value", "location", "kind"),
    [
        ({}, ["body", "message"], "missing"),
        ({"message": " \n "}, ["body", "message"], "string_too_short"),
        ({"message": MARKER * 10_000}, ["body", "message"], "string_too_long"),
        ({"message": f"{MARKER}\0"}, ["body", "message"], "nul_character"),
        ({"message": f"{MARKER}\ud800"}, ["body", "message"], "lone_surrogate"),
        ({"message": "x", "plain": "\udfff"}, ["body", "plain"], "string_unicode"),
        ({"message": "x", "agent": "\udfff"}, ["body", "agent"], "string_unicode"),
        ({"message": {"$gt": MARKER}}, ["body", "message"], "string_type"),
        ({"message": 5}, ["body", "message"], "string_type"),
        ({"message": "x", "agent": MARKER}, ["body", "agent"], "literal_error"),
        ({"message": "x", "limit": "5"}, ["body", "limit"], "float_type"),
        ({"message": "x", "limit": float("nan")}, ["body", "limit"], "finite_number"),
        ({"message": "x", "more": MARKER}, ["body", "more"], "extra_forbidden"),
        ([], ["body"], "model_attributes_type"),
        (None, ["body"], "model_attributes_type"),
    ],
)
async def test_each_error_names_its_place_and_rule_and_repeats_nothing(
    value: object, location: list[str], kind: str
) -> None:
    status, document = await post(json.dumps(value).encode())
    assert (status, document["code"]) == (422, "invalid_input")
    assert [(error["location"], error["type"]) for error in document["errors"]] == [(location, kind)]
    assert set(document["errors"][0]) == {"location", "message", "type"}


async def test_a_name_of_an_unknown_field_cannot_break_the_answer() -> None:
    status, document = await post(json.dumps({"message": "x", "\ud800" + "n" * 1000: 1}).encode())
    assert (status, document["code"]) == (422, "invalid_input")
    status, document = await post(json.dumps({"message": "x", "n" * 1000: 1}).encode())
    assert len(document["errors"][0]["location"][1]) == 200


async def test_the_list_of_errors_is_bounded() -> None:
    status, document = await post(json.dumps({f"field{i}": 1 for i in range(5000)}).encode())
    assert status == 422
    assert len(document["errors"]) == 20


async def test_query_parameters_are_checked_too() -> None:
    response = await request(application(), path=f"/limited?days={MARKER}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == ["query", "days"]
    assert MARKER not in response.text


async def test_text_is_trimmed_and_composed_but_otherwise_kept() -> None:
    assert await post(json.dumps({"message": "  e\u0301  A  \n b \n"}).encode()) == (200, "é  A  \n b")
    assert (await post(json.dumps({"message": f" {'x' * 32_000} "}).encode()))[0] == 200


def test_openapi_shows_problems_as_problem_json_only() -> None:
    document = application().openapi()
    responses = document["paths"]["/body"]["post"]["responses"]
    assert {"401", "422", "500", "503"} <= set(responses)
    assert list(responses["422"]["content"]) == ["application/problem+json"]
    assert responses["422"]["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert {"Problem", "FieldError"} <= set(document["components"]["schemas"])
    reference = document["components"]["schemas"]["Problem"]["properties"]["errors"]["anyOf"][0]["items"]["$ref"]
    assert reference == "#/components/schemas/FieldError"
