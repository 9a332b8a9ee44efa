"""What the OpenAPI document says of the routes: tests go over all of them, so a new route is tested too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

PARAMETER = re.compile(r"\{(\w+)\}")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """fields: the names of its body's fields with their schemas, None where it takes no body."""

    id: str
    method: str
    path: str
    fields: dict[str, Any] | None
    statuses: frozenset[int]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> set[str]:
        """Of its path."""
        return set(PARAMETER.findall(self.path))

    def url(self, **parameters: str) -> str:
        """Parameters that are not given become an id that nobody has."""
        return PARAMETER.sub(lambda match: parameters.get(match[1], "nobody"), self.path)


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                responses = frozenset(int(status) for status in item[method]["responses"])
                yield Operation(
                    item[method]["operationId"], method.upper(), path, _fields(document, item[method]), responses
                )


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    body = operation.get("requestBody")
    if body is None:
        return None
    schema = body["content"]["application/json"]["schema"]
    for candidate in (schema, *schema.get("anyOf", ())):
        if reference := candidate.get("$ref"):
            fields: dict[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[1]]["properties"]
            return fields
    raise AssertionError("a body without a shape of its own")


class Schemas:
    """Checks data against the document's schemas, more strictly than they say: undocumented fields are errors too."""

    def __init__(self, document: dict[str, Any]) -> None:
        closed = {name: _closed(schema) for name, schema in document["components"]["schemas"].items()}
        self._paths = document["paths"]
        self._components = {"schemas": closed}

    def check(self, name: str, data: object) -> None:
        self._check({"$ref": f"#/components/schemas/{name}"}, data)

    def check_answer(self, operation: Operation, status: int, data: object) -> None:
        """The JSON body of an answer."""
        response = self._paths[operation.path][operation.method.lower()]["responses"][str(status)]
        [content] = (value for name, value in response["content"].items() if name.endswith("json"))
        self._check(content["schema"], data)

    def _check(self, schema: dict[str, Any], data: object) -> None:
        validator = Draft202012Validator({**schema, "components": self._components})
        error = best_match(validator.iter_errors(data))
        assert error is None, f"{error.json_path}: {error.message}"


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    if "properties" in schema and "additionalProperties" not in schema:
        return {**schema, "additionalProperties": False}
    return schema
