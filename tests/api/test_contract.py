"""The OpenAPI document is true: what routes answer has exactly the shape that they declare."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pyotp
import pytest

from backend.domain.calibration.ranks import BINS
from backend.domain.replies import ChatReceipt, ChatReply, QuickReply, Quote, TeamReceipt, TeamReply
from backend.routes.events import EVENTS
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from tests.servers import SimulatorHandle
from tests.support.access import ACCESS, PROMPT, make_objects
from tests.support.application import PASSWORD, Account, Served
from tests.support.chat import Chat, close_gate, program
from tests.support.openapi import Operation, Schemas, operations

pytestmark = pytest.mark.shared_database

Document = dict[str, Any]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


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

    body: Mapping[str, Any] | None = None
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


PROVIDER_AWAY = {"link_identity", "confirm_identity"}
"""The provider of these tests is away: api/test_oidc.py goes where these answers lead."""
IN_STEPS = {"enroll_mfa", "confirm_mfa", "replace_recovery_codes", "login_mfa"}
"""Each needs what the one before it answered: test_every_answer_of_the_second_factor_fits_its_schema."""


async def requests(chat: Chat) -> dict[str, Sent]:
    """A request, with data behind it, for operations that need more than their row in ACCESS says."""
    served, account = chat.served, chat.account
    reply = await chat.ask("How do I reverse a list?")
    await chat.ask("How do I reverse a list?")
    credentials = {"email": account.email, "password": PASSWORD}
    tokens = await served.client.post("/api/auth/login", json={**credentials, "transport": "body"})
    other = await served.new_user()
    conversation = f"/api/conversations/{reply['conversation_id']}"
    shared = await served.client.post(f"{conversation}/share", headers=account.headers)
    question = {"message": "What is a monad?"}
    return {
        "register": Sent({"email": f"another-{account.email}", "password": PASSWORD}),
        "login": Sent({**credentials, "transport": "body"}),
        "refresh": Sent({"refresh_token": tokens.json()["refresh_token"]}),
        "change_me": Sent({"name": "Another", "locale": "pl", "retention_days": 30}),
        "forgot_password": Sent({"email": account.email}),
        "resend_verification": Sent({"email": account.email}),
        "create_api_key": Sent({"name": "Build", "scopes": ["chat"], "expires_in_days": 7}),
        "ask_agent": Sent({**question, "agent_type": "dev"}),
        "ask_quickly": Sent(question),
        "ask_team": Sent({**question, "agents": ["dev", "luna"]}),
        "estimate": Sent({**question, "mode": "multi-agent"}),
        "get_analytics": Sent(query={"days": "7"}),
        "search_conversations": Sent(query={"q": "list"}),
        "export_conversation": Sent(path={"conversation_id": reply["conversation_id"]}, query={"format": "json"}),
        "import_conversations": Sent(await chat.get(f"{conversation}/export?format=json")),
        "read_shared": Sent(path={"token": shared.json()["url_path"].rsplit("/", 1)[1]}),
        "create_folder": Sent({"name": "Work"}),
        "set_preferences": Sent({"instructions": {"about": "A nurse", "style": "Brief", "enabled": True}}),
        "create_prompt": Sent(PROMPT),
        "get_dashboard": Sent(query={"window": "24h"}),
        "change_user": Sent({"role": "premium"}, path={"user_id": other.id}),
        "set_spending": Sent({"enabled": True}),
        "set_calibration": Sent({"daily_budget_usd": "0.5", "sample_share": 0.02, "pinned": False}),
        "roll_back_calibration": Sent({"version": 0}),
        "set_similar_answers": Sent({"enabled": True}),
        "set_budget": Sent({"tokens": None, "cost_usd": "1.5"}, path={"user_id": other.id}),
    }


def from_access(operation: Operation, objects: Mapping[str, str]) -> Sent:
    """As its row in ACCESS says, with the caller's own objects."""
    access = ACCESS[operation.id]
    owned = {name: objects[kind] for name, kind in access.owned.items() if name in operation.parameters}
    return Sent(access.body or None, {**access.others, **owned})


async def send(served: Served, operation: Operation, sent: Sent, headers: Mapping[str, str]) -> httpx.Response:
    return await served.client.request(
        operation.method, operation.url(**sent.path), json=sent.body, params=sent.query, headers=headers
    )


async def test_every_answer_fits_its_schema(chat: Chat, admin: Account) -> None:
    document = await document_of(chat.served)
    schemas = Schemas(document)
    special, objects = await requests(chat), await make_objects(chat.served, chat.account)
    headers = {"anybody": {}, "user": chat.account.headers, "admin": admin.headers}
    assert chat.served.services is not None
    await chat.served.services.monitor.flush()
    today = TrafficDay(datetime.now(UTC).date(), "math", [10] * BINS)
    assert await RoutingTrafficRepository(chat.served.services.database).add(today, datetime.now(UTC))
    for operation in operations(document):
        if not answers_json(document, operation) or operation.id in PROVIDER_AWAY | IN_STEPS:
            continue
        sent = special.get(operation.id) or from_access(operation, objects)
        answer = await send(chat.served, operation, sent, headers[ACCESS[operation.id].caller])
        assert answer.status_code in (200, 201, 202), f"{operation.id}: {answer.text}"
        schemas.check_answer(operation, answer.status_code, answer.json())
        assert all(time.endswith("Z") for time in times_in(answer.json())), operation.id


async def test_every_answer_of_the_second_factor_fits_its_schema(chat: Chat) -> None:
    document = await document_of(chat.served)
    schemas, found = Schemas(document), {operation.id: operation for operation in operations(document)}
    assert set(found) >= PROVIDER_AWAY | IN_STEPS

    async def fits(id_: str, **body: str) -> Document:
        answer = await send(chat.served, found[id_], Sent(body), chat.account.headers)
        assert answer.status_code == 200, f"{id_}: {answer.text}"
        schemas.check_answer(found[id_], 200, answer.json())
        return cast(Document, answer.json())

    enrolled = await fits("enroll_mfa", password=PASSWORD)
    [code, *_] = (await fits("confirm_mfa", code=pyotp.TOTP(enrolled["secret"]).now()))["recovery_codes"]
    [code, *_] = (await fits("replace_recovery_codes", password=PASSWORD, code=code))["recovery_codes"]
    refusal = await chat.served.client.post(
        "/api/auth/login", json={"email": chat.account.email, "password": PASSWORD, "transport": "body"}
    )
    await fits("login_mfa", mfa_token=refusal.json()["mfa_token"], code=code, transport="body")


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
