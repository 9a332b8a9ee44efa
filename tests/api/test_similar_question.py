"""Answers to similar questions: wanted by a user, disputed by one, switched on again by an administrator."""

import asyncio

import pytest

from backend.services.enhanced_ai_service import similar
from tests.support.application import Account, Served
from tests.support.chat import Chat, Json

SWITCH = "/api/admin/similar-answers"
ONE, OTHER = "How do I sort a list in Python?", "Please tell me how to sort a list in Python."


@pytest.fixture(autouse=True)
def no_audits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "is_audited", lambda _: False)


async def want(chat: Chat) -> None:
    body = {"routing": {"large_share": None, "compare": True, "similar_answers": True}}
    answer = await chat.served.client.put("/api/preferences", json=body, headers=chat.account.headers)
    assert answer.status_code == 200, answer.text


async def findings(served: Served, admin: Account) -> Json:
    answer = await served.client.get(SWITCH, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_disputed_answers_end_them_for_everybody_until_an_administrator_allows_them(
    app_client: Served, chat: Chat
) -> None:
    admin = await app_client.admin()
    await chat.ask(ONE)
    assert not (await chat.ask(OTHER))["cached"], "nobody gets them unasked"
    await want(chat)
    await chat.post("cache/clear")
    first = await chat.ask(ONE)
    reused = await chat.ask(OTHER)
    assert (reused["content"], reused["cost"]) == (first["content"], "0")
    assert (reused["cache"]["layer"], reused["cache"]["question"]) == ("similar", ONE)
    path = f"/api/messages/{reused['message_id']}/feedback"
    rated = await app_client.client.put(path, json={"rating": "down"}, headers=chat.account.headers)
    assert rated.status_code == 200, rated.text
    found = await findings(app_client, admin)
    assert (found["enabled"], found["served"], found["disputed"]) == (True, 1, 1)
    again = await chat.ask(OTHER)
    continued = {"conversation_id": again["conversation_id"], "regenerate_of": again["message_id"]}
    await chat.ask("ignored", **continued)
    async with asyncio.timeout(10):
        while (found := await findings(app_client, admin))["enabled"]:
            pass  # asking afresh disputes it too, and holds nobody up
    assert (found["served"], found["disputed"]) == (2, 2)
    assert "false" in found["reason"]
    assert not (await chat.ask("How can I sort a list in Python"))["cached"]
    switched = await app_client.client.put(SWITCH, json={"enabled": True}, headers=admin.headers)
    assert (switched.json()["enabled"], switched.json()["served"]) == (True, 0)
    assert (await chat.ask(OTHER))["cache"]["layer"] == "similar"
    entries = await app_client.client.get(
        "/api/admin/audit", params={"action": "similar_answers_switched"}, headers=admin.headers
    )
    assert [row["detail"]["answers"] for row in entries.json()["items"]] == ["on", "off"]
