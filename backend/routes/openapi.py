"""What the OpenAPI document says beyond shapes: who may call, headers, problem codes, events, words for people."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from backend.domain.problems import CODES
from backend.routes.caching import PUBLIC
from backend.routes.events import EVENT_STREAM, describe_events, event_schemas
from backend.routes.problems import PROBLEM, SCHEMAS
from backend.routes.transfer import import_schemas
from backend.routes.updates import update_schemas

Json = dict[str, Any]
PATH = "/openapi.json"

DESCRIPTION = """Aether answers questions with the cheapest model that is good enough, alone or as a team of agents.

JSON in, JSON out, UTF-8. Times are ISO 8601 in UTC and end in Z, durations are seconds, money is a decimal string in
USD, exact. Unknown fields are refused. Errors are `application/problem+json` with a stable `code`.

Sign in with POST /api/auth/login and send `Authorization: Bearer <access_token>` with everything but the routes that
are marked as public here. Programs send an API key in its place where the
route names a scope. docs/api.md has examples."""

TAGS = {
    "chat": "Questions and answers: one agent, a team, streams, quotes",
    "catalogue": "What may be asked: agents and models",
    "conversations": "What was asked before",
    "bootstrap": "What the page needs at its start",
    "preferences": "Custom instructions, which every prompt of the caller carries, and how questions may be routed",
    "prompts": "Texts to use again",
    "analytics": "The caller's own usage and what it cost",
    "cache": "The caller's own cached answers",
    "auth": "Accounts and sign-ins",
    "api-keys": "Keys for programs, with scopes and limits of their own",
    "admin": "What administrators set: budgets, and whether models may be called",
    "health": "For load balancers and people",
    "performance": "Figures for administrators and Prometheus",
}

PARAMETERS = {
    "message_id": "An answer of the caller's",
    "agent": "The agent to ask again",
    "stream_id": "A stream of the caller's, from its metadata event",
}
"""Words for parameters whose name says the same wherever it is."""

SIMULATED = "X-Aether-Simulated"
ALWAYS = ("X-Correlation-ID", "X-Response-Time", "X-Performance-Category")
HEADERS: dict[str, tuple[str, Json]] = {
    "X-Correlation-ID": (
        "Names the request in logs and problems. A request may bring its own (1 to 128 of A-Z a-z 0-9 . _ -), or a "
        "W3C traceparent",
        {"type": "string"},
    ),
    "X-Response-Time": ("Milliseconds until the response began", {"type": "number"}),
    "X-Performance-Category": (
        "excellent < 100 ms, good < 300, acceptable < 1000, slow < 3000",
        {"type": "string", "enum": ["excellent", "good", "acceptable", "slow", "very-slow"]},
    ),
    "Retry-After": ("Seconds after which the same request may succeed", {"type": "integer"}),
    "ETag": ("For If-None-Match: while nothing has changed the answer is then a 304", {"type": "string"}),
    "WWW-Authenticate": ("The scheme to sign in with", {"type": "string", "const": "Bearer"}),
    "Idempotency-Replayed": (
        "Only where the answer was stored under the Idempotency-Key before",
        {"type": "string", "const": "true"},
    ),
    SIMULATED: (
        "Only where the bundled simulator answers instead of a model",
        {"type": "string", "const": "true"},
    ),
}
RETRIED = ("402", "429", "503")
CHAT = "/api/ai/v4/chat/"


def install_openapi(app: FastAPI) -> None:
    """After every other hook on app.openapi. Serves the document too: written once, whoever asks."""
    generate = app.openapi
    described = False
    written = b""

    def openapi() -> Json:
        nonlocal described
        document = generate()
        if not described:
            _describe(document)
            described = True
        return document

    async def answer(_: Request) -> Response:
        nonlocal written
        written = written or orjson.dumps(app.openapi())
        return Response(written, media_type="application/json", headers={"Cache-Control": PUBLIC})

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents for this
    app.add_route(PATH, answer, include_in_schema=False)


def _describe(document: Json) -> None:
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": "/", "description": "This server"}]
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = document["components"]
    components["schemas"] = (
        event_schemas(f"{SCHEMAS}/{{model}}") | update_schemas() | import_schemas() | components["schemas"]
    )
    headers = {name: {"description": text, "schema": schema} for name, (text, schema) in HEADERS.items()}
    components["headers"] = headers | components.get("headers", {})
    for path, item in document["paths"].items():
        for operation in item.values():
            _describe_operation(path, operation)


def _describe_operation(path: str, operation: Json) -> None:
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    operation["security"] = _security(operation)
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            parameter["description"] = PARAMETERS[parameter["name"]]
    responses = operation["responses"]
    if "parameters" not in operation and "requestBody" not in operation:
        responses.pop("422", None)
    for status, response in responses.items():
        _describe_response(status, response, [*ALWAYS, *_headers(path, status, operation)])
    operation["responses"] = dict(sorted(responses.items()))


def _security(operation: Json) -> list[Json]:
    """Public: an empty list. Those that take a token but do not need one list the empty requirement first.

    Scopes are those of an API key: who has signed in has them all.
    """
    asked: list[Json] = [{"bearer": []} if "bearer" in row else row for row in operation.get("security", [])]
    return asked if "401" in operation["responses"] or not asked else [{}, *asked]


def _describe_response(status: str, response: Json, headers: Iterable[str]) -> None:
    described = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    response["headers"] = described | response.get("headers", {})
    if response.get("content") == {"application/json": {"schema": {}}}:
        del response["content"]  # what the framework says of a response without a body
    if status >= "400":
        codes = [f"`{row.code}`: {row.meaning}" for row in CODES if row.status == int(status)]
        response["description"] = "; ".join(codes) or response["description"]
    elif response["description"] == "Successful Response":
        response["description"] = "Done" if status == "204" else "The answer"
    content = response.get("content", {}).get(EVENT_STREAM)
    if content and "x-events" not in content:
        describe_events(content, SCHEMAS, PROBLEM)


def _headers(path: str, status: str, operation: Json) -> Iterator[str]:
    if status in RETRIED:
        yield "Retry-After"
    if status == "401":
        yield "WWW-Authenticate"
    if path.startswith(CHAT):
        yield SIMULATED
    if status == "200" and any(row["name"] == "Idempotency-Key" for row in operation.get("parameters", ())):
        yield "Idempotency-Replayed"
