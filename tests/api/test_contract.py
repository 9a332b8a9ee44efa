"""The OpenAPI document is true: what routes answer has exactly the shape that they declare."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import httpx
import pytest

from backend.domain.replies import ChatReceipt, ChatReply, QuickReply, Quote, TeamReceipt, TeamReply
from backend.routes.events import EVENTS
from tests.servers import SimulatorHandle
from tests.support.application import PASSWORD, Account, Served
from tests.support.chat import Chat, close_gate, program
from tests.support.openapi import Operation, Schemas, operations

Document = dict[str, Any]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


@pytest.fixture
def chat(app_client: Served, user: Account) -> Chat:
    return Chat(app_client, user)


async def document_of(served: Served) -> Document:
    found: Document = (await served.client.get("/openapi.json")).json()
    return found


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("chat/optimized", ChatReply),
        ("chat/quick", QuickReply),
        ("chat/multi-agent", TeamReply),
        ("chat/estimate", Quote),
    ],
)
async def test_a_reply_has_every_field_of_its_shape(chat: Chat, path: str, shape: type) -> None:
    answer = await chat.post(path, message="Write a Python test and a roadmap")
    assert set(answer.json()) == {row.name for row in fields(shape)}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a route is asked with."""

    body: dict[str, Any] | None = None
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    public: bool = False


async def requests(chat: Chat) -> dict[str, Sent]:
    """A request for every operation that answers JSON, by its id, with data behind each."""
    reply = await chat.ask("How do I reverse a list?")
    await chat.ask("How do I reverse a list?")
    team = await chat.ask("Plan a release", "chat/multi-agent", agents=["dev", "sage"])
    credentials = {"email": chat.account.email, "password": PASSWORD}
    tokens = await chat.served.client.post("/api/auth/login", json={**credentials, "transport": "body"})
    question = {"message": "What is a monad?"}
    return {
        "is_live": Sent(public=True),
        "is_ready": Sent(public=True),
        "register": Sent({"email": f"another-{chat.account.email}", "password": PASSWORD}, public=True),
        "login": Sent({**credentials, "transport": "body"}, public=True),
        "refresh": Sent({"refresh_token": tokens.json()["refresh_token"]}, public=True),
        "get_me": Sent(),
        "change_me": Sent({"name": "Another", "locale": "pl", "retention_days": 30}),
        "export_account": Sent(),
        "forgot_password": Sent({"email": chat.account.email}, public=True),
        "resend_verification": Sent({"email": chat.account.email}, public=True),
        "get_health": Sent(),
        "ask_agent": Sent({**question, "agent_type": "dev"}),
        "ask_quickly": Sent(question),
        "ask_team": Sent({**question, "agents": ["dev", "luna"]}),
        "rerun_agent": Sent(path={"message_id": team["message_id"], "agent": "dev"}),
        "estimate": Sent({**question, "mode": "multi-agent"}),
        "list_agents": Sent(),
        "list_models": Sent(),
        "get_analytics": Sent(query={"days": "7"}),
        "clear_cache": Sent(),
        "list_conversations": Sent(),
        "list_messages": Sent(path={"conversation_id": reply["conversation_id"]}),
        "get_dashboard": Sent(query={"window": "24h"}),
        "list_alerts": Sent(),
        "get_detailed_health": Sent(),
        "get_performance": Sent(),
        "get_spending": Sent(),
        "set_spending": Sent({"enabled": True}),
        "set_budget": Sent({"tokens": None, "cost_usd": "1.5"}, path={"user_id": chat.account.id}),
    }


async def send(served: Served, operation: Operation, sent: Sent, headers: Mapping[str, str]) -> httpx.Response:
    return await served.client.request(
        operation.method,
        operation.url(**sent.path),
        json=sent.body,
        params=sent.query,
        headers={} if sent.public else headers,
    )


async def test_every_answer_fits_its_schema(chat: Chat, admin: Account) -> None:
    document = await document_of(chat.served)
    schemas, found = Schemas(document), {operation.id: operation for operation in operations(document)}
    sent = await requests(chat)
    services = chat.served.services
    assert services is not None
    await services.monitor.flush()
    assert set(sent) == {id_ for id_, operation in found.items() if answers_json(document, operation)}
    for id_, request in sent.items():
        operation = found[id_]
        headers = admin.headers if 403 in operation.statuses else chat.account.headers
        answer = await send(chat.served, operation, request, headers)
        assert answer.status_code in (200, 201, 202), f"{id_}: {answer.text}"
        schemas.check_answer(operation, answer.status_code, answer.json())
        assert all(time.endswith("Z") for time in times_in(answer.json())), id_


def answers_json(document: Document, operation: Operation) -> bool:
    responses = document["paths"][operation.path][operation.method.lower()]["responses"]
    return any("application/json" in response.get("content", ()) for response in responses.values())


def times_in(data: object) -> list[str]:
    """Every text that looks like an instant."""
    if isinstance(data, str):
        return [data] if TIME.match(data) else []
    values = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [time for value in values for time in times_in(value)]


async def test_stored_answers_of_every_kind_have_receipts_that_fit(chat: Chat, simulator: SimulatorHandle) -> None:
    first = await chat.ask("How do I reverse a list?")
    conversation = {"conversation_id": first["conversation_id"]}
    await chat.ask("Plan a release", "chat/multi-agent", agents=["dev", "sage"], **conversation)
    program(simulator, "400", count=1)
    failed = await chat.post("chat/optimized", message="Fails", **conversation)
    assert failed.status_code == 502
    found = await chat.get(f"/api/conversations/{first['conversation_id']}/messages")
    Schemas(await document_of(chat.served)).check("MessagePage", found)
    _, one, _, team, _, failure = found["items"]
    assert set(one["receipt"]) == {row.name for row in fields(ChatReceipt)}
    assert set(team["receipt"]) == {row.name for row in fields(TeamReceipt)}
    assert [response["agent_type"] for response in team["responses"]] == ["dev", "sage"]
    assert (failure["status"], failure["receipt"]["error"]["code"]) == ("failed", "upstream_error")


async def test_every_event_of_a_stream_fits_its_schema(live_server: Served, simulator: SimulatorHandle) -> None:
    chat = Chat(live_server, await live_server.new_user())
    schemas = Schemas(await document_of(live_server))
    async with chat.stream("One agent", agent_type="dev") as one:
        assert_fits(schemas, await one.rest(), {"metadata": "StreamMetadata", "done": "ChatReceipt"})
    async with chat.stream("A team", mode="multi-agent", agents=["dev", "luna"]) as team:
        seen = await team.rest()
        assert_fits(schemas, seen, {"metadata": "TeamStreamMetadata", "done": "TeamReceipt"})
        assert "agent_done" in {event["event"] for event in seen}
    close_gate(simulator, after=3)
    async with chat.stream("Stopped") as stopped:
        await stopped.until("token")
        stream_id = stopped.seen[0]["data"]["stream_id"]
        await live_server.client.delete(f"/api/ai/v4/chat/stream/{stream_id}", headers=chat.account.headers)
        done = await stopped.until("done")
    schemas.check("ChatReceipt", done["data"])
    found = await chat.get(f"/api/conversations/{done['data']['conversation_id']}/messages")
    schemas.check("MessagePage", found)
    assert found["items"][1]["receipt"] == done["data"]


def assert_fits(schemas: Schemas, seen: list[Document], names: dict[str, str]) -> None:
    for event in seen:
        schemas.check(names.get(event["event"]) or EVENTS[event["event"]][0].__name__, event["data"])


async def test_problems_fit_their_schema(chat: Chat) -> None:
    schemas = Schemas(await document_of(chat.served))
    for answer in (
        await chat.post("chat/optimized", message=""),
        await chat.post("chat/optimized", message="x", model="nobody's"),
        await chat.served.client.get("/api/auth/me"),
        await chat.served.client.get("/nowhere"),
    ):
        schemas.check("Problem", answer.json())


async def test_simulated_answers_say_so_in_a_header_and_elsewhere(served_simulated: Served) -> None:
    chat = Chat(served_simulated, await served_simulated.new_user())
    admin = await served_simulated.admin()
    assert (await chat.post("chat/optimized", message="Hello")).headers["x-aether-simulated"] == "true"
    assert (await chat.get("/api/ai/v4/models"))["simulated"] is True
    report = await served_simulated.client.get("/api/ai/v4/health/detailed", headers=admin.headers)
    assert report.json()["simulated"] is True
    assert "simulated" in (await served_simulated.client.get("/")).text
    others = await served_simulated.client.get("/api/ai/v4/models", headers=chat.account.headers)
    assert "x-aether-simulated" not in others.headers


async def test_answers_of_a_model_do_not_claim_to_be_simulated(chat: Chat) -> None:
    assert "x-aether-simulated" not in (await chat.post("chat/optimized", message="Hello")).headers
    assert (await chat.get("/api/ai/v4/models"))["simulated"] is False
