"""The OpenAPI document is complete: everything is named, described, and says who may call it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend import errors
from backend.config import Settings
from backend.domain.problems import CODES
from backend.errors import AetherError
from backend.server import create_app
from tests.support.access import ACCESS, callable_by
from tests.support.openapi import operations

BACKEND = Path(__file__).parents[2] / "backend"
AT_START = {("unknown_transport", 422)}
"""Shown by the launcher, never by a route."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def each(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_operations_have_stable_readable_ids(document: dict[str, Any]) -> None:
    found = [operation.id for operation in operations(document)]
    assert len(set(found)) == len(found)
    assert set(found) == set(ACCESS), "clients are generated from these: a new name breaks them"


def test_every_operation_is_worded(document: dict[str, Any]) -> None:
    tags = {row["name"] for row in document["tags"]}
    for name, operation in each(document):
        assert operation["summary"][0].isupper(), name
        assert operation["description"].rstrip().endswith("."), name
        assert set(operation["tags"]) <= tags, name
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (name, parameter["name"])


def test_every_field_is_described(document: dict[str, Any]) -> None:
    missing = [
        f"{shape}.{name}"
        for shape, schema in document["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if not described(field)
    ]
    assert missing == []


def described(schema: dict[str, Any]) -> bool:
    """By its own words or by those of the shape that it consists of."""
    if schema.get("description") or "$ref" in schema:
        return True
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return any(described(each) for each in inner)


def test_it_says_who_may_call(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["servers"]
    for name, operation in each(document):
        required = [row for row in operation["security"] if row] and {} not in operation["security"]
        assert bool(required) == (operation["operationId"] not in callable_by("anybody")), name
        assert ("403" in operation["responses"]) == (bool(required) or ACCESS[operation["operationId"]].by_cookie), name
        scope = ACCESS[operation["operationId"]].key
        allowed = [{"api_key": [] if scope == "any" else [scope]}] if scope else []
        assert [row for row in operation["security"] if "api_key" in row] == allowed, name


def test_every_answer_lists_its_headers_once(document: dict[str, Any]) -> None:
    headers = document["components"]["headers"]
    assert all(header["description"] and header["schema"] for header in headers.values())
    for name, operation in each(document):
        for status, response in operation["responses"].items():
            assert "X-Correlation-ID" in response["headers"], (name, status)
            for header, reference in response["headers"].items():
                assert reference == {"$ref": f"#/components/headers/{header}"}
                assert header in headers


def test_errors_list_their_codes_and_500_is_always_possible(document: dict[str, Any]) -> None:
    for name, operation in each(document):
        assert "500" in operation["responses"], name
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
                assert "`" in response["description"], (name, status)


def test_streams_describe_their_events_with_examples(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/ai/v4/chat/stream"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    assert set(content["x-events"]) == {"metadata", "token", "agent_done", "done", "error"}
    for event in content["x-events"]:
        assert f"`{event}`" in content["schema"]["description"]
    for example in content["examples"].values():
        assert example["value"].splitlines()[1] in ("event: metadata", "event: error")


def test_every_code_that_is_raised_is_in_the_table_with_its_status() -> None:
    table = {row.code: row.status for row in CODES}
    assert len(table) == len(CODES)
    for family in vars(errors).values():
        if isinstance(family, type) and issubclass(family, AetherError):
            assert table[family.code] == family.status
    raised = set(codes_in_source())
    assert {("too_many_concurrent", 429), ("session_revoked", 401), ("draining", 503)} <= raised
    for code, status in raised - AT_START:
        assert table.get(code) == status, code


def codes_in_source() -> Iterator[tuple[str, int]]:
    """Every Error(..., code="...") of the backend with the status of its class."""
    for path in BACKEND.rglob("*.py"):
        if "simulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and hasattr(errors, node.func.id):
                family: type[AetherError] = getattr(errors, node.func.id)
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value), family.status
