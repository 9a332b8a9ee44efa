"""The OpenAPI document is true: what routes answer has exactly the shape that they declare."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from backend.domain.replies import ChatReply, QuickReply, Quote, TeamReply
from tests.support.application import Account, Served
from tests.support.chat import Chat


@pytest.fixture
def chat(app_client: Served, user: Account) -> Chat:
    return Chat(app_client, user)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("chat/optimized", ChatReply),
        ("chat/quick", QuickReply),
        ("chat/multi-agent", TeamReply),
        ("chat/estimate", Quote),
    ],
)
async def test_a_reply_has_the_declared_shape(chat: Chat, path: str, shape: type) -> None:
    answer = await chat.post(path, message="Write a Python test and a roadmap")
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    reply = adapter.validate_json(answer.content)
    assert set(answer.json()) == set(shape.__slots__)  # type: ignore[attr-defined]
    assert adapter.dump_python(reply, mode="json") == answer.json()


async def test_every_route_documents_its_answers_and_problems(app_client: Served) -> None:
    document = (await app_client.client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            assert any(code.startswith("2") for code in responses), (path, method)
            if "/health/live" not in path:
                assert "500" in responses, (path, method)
            assert operation.get("summary"), (path, method)


async def test_the_reply_shapes_are_in_the_document(app_client: Served) -> None:
    schemas = (await app_client.client.get("/openapi.json")).json()["components"]["schemas"]
    assert {"ChatReply", "QuickReply", "TeamReply", "Quote", "Problem"} <= set(schemas)
    assert set(schemas["ChatReply"]["properties"]) == set(ChatReply.__slots__)
