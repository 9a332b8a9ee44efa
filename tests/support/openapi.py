"""What the OpenAPI document says of the routes: tests go over all of them, so a new route is tested too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PARAMETER = re.compile(r"\{(\w+)\}")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """fields: the names of its body's fields with their schemas, None where it takes no body."""

    method: str
    path: str
    fields: dict[str, Any] | None
    statuses: frozenset[int]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, **parameters: str) -> str:
        """Parameters that are not given become an id that nobody has."""
        return PARAMETER.sub(lambda match: parameters.get(match[1], "nobody"), self.path)


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                responses = frozenset(int(status) for status in item[method]["responses"])
                yield Operation(method.upper(), path, _fields(document, item[method]), responses)


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
