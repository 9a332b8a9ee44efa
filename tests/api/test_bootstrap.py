"""What the page asks for at its start, and what is left of a budget."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.application import Account, Served
from tests.support.chat import Chat, Json, pico

pytestmark = pytest.mark.shared_database


async def limit(served: Served, account: Account, admin: Account, **budget: object) -> httpx.Response:
    path = f"/api/admin/users/{account.id}/budget"
    return await served.client.patch(path, headers=admin.headers, json=budget)


async def test_one_answer_has_what_the_single_ones_have(chat: Chat) -> None:
    first = await chat.ask("How do I reverse a list?", "chat/quick")
    second = await chat.ask("And a tuple?", "chat/quick")
    headers = chat.account.headers
    client = chat.served.client
    await client.patch(f"/api/conversations/{first['conversation_id']}", headers=headers, json={"pinned": True})
    await client.post("/api/folders", headers=headers, json={"name": "Python"})
    await client.post("/api/prompts", headers=headers, json={"title": "Explain", "text": "Explain {{topic}}"})
    found = await chat.get("/api/bootstrap")
    singly = {
        "user": await chat.get("/api/auth/me"),
        "agents": (await chat.get("/api/ai/v4/agents/available"))["agents"],
        "models": (await chat.get("/api/ai/v4/models"))["models"],
        "conversations": await chat.get("/api/conversations"),
        "pinned": (await chat.get("/api/conversations?pinned=true"))["items"],
        "folders": (await chat.get("/api/folders"))["items"],
        "preferences": await chat.get("/api/preferences"),
        "prompts": await chat.get("/api/prompts"),
        "budget": await chat.get("/api/usage/budget"),
    }
    assert {name: found[name] for name in singly} == singly
    assert set(found) == {*singly, "simulated", "version"}
    assert [row["id"] for row in found["conversations"]["items"]] == [
        second["conversation_id"],
        first["conversation_id"],
    ]
    assert [row["id"] for row in found["pinned"]] == [first["conversation_id"]]
    assert found["simulated"] is False


async def test_without_a_budget_nothing_is_limited(chat: Chat) -> None:
    found: Json = await chat.get("/api/usage/budget")
    assert (found["tokens"], found["cost"]) == (None, None)
    resets_at = datetime.fromisoformat(found["resets_at"])
    assert resets_at.time() == datetime(2026, 1, 1, tzinfo=UTC).time()
    assert datetime.fromisoformat(found["day"]).replace(tzinfo=UTC) + timedelta(days=1) == resets_at


async def test_what_was_used_and_what_is_left(app_client: Served, chat: Chat, admin: Account) -> None:
    await limit(app_client, chat.account, admin, tokens=1_000_000, cost_usd="0.5")
    before = await chat.get("/api/usage/budget")
    reply = await chat.ask("How do I reverse a list?", "chat/quick")
    after = await chat.get("/api/usage/budget")
    assert before["tokens"] == {"limit": 1_000_000, "used": 0, "left": 1_000_000}
    if before["day"] == after["day"]:
        used = reply["tokens_used"]
        assert after["tokens"] == {"limit": 1_000_000, "used": used, "left": 1_000_000 - used}
        assert pico(after["cost"]["used"]) == pico(reply["cost"]) > 0
        assert pico(after["cost"]["used"]) + pico(after["cost"]["left"]) == pico(after["cost"]["limit"])


async def test_nothing_is_left_where_more_was_used(app_client: Served, chat: Chat, admin: Account) -> None:
    await chat.ask("How do I reverse a list?", "chat/quick")
    await limit(app_client, chat.account, admin, tokens=1, cost_usd=None)
    found = await chat.get("/api/usage/budget")
    assert (found["tokens"]["left"], found["cost"]) == (0, None)
