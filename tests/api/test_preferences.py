"""Custom instructions and the prompt library over HTTP."""

from typing import Any

import httpx
import pytest

from tests.servers import SimulatorHandle
from tests.support.chat import Chat, Json, asked

pytestmark = pytest.mark.shared_database

USUAL: Json = {"large_share": None, "compare": True, "similar_answers": False}
NURSE: Json = {"about": "I am a nurse in Kraków.", "style": "Be brief.", "enabled": True}


async def call(chat: Chat, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
    return await chat.served.client.request(method, path, headers=chat.account.headers, json=body)


async def instruct(chat: Chat, **changes: object) -> Json:
    answer = await call(chat, "PUT", "/api/preferences", {"instructions": NURSE | changes})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def systems(simulator: SimulatorHandle) -> list[str]:
    """The system parts of the requests that reached the upstream."""
    return [request["request"]["messages"][0]["content"] for request in asked(simulator)]


async def test_instructions_are_empty_until_they_are_set(chat: Chat) -> None:
    empty = {"about": "", "style": "", "enabled": True}
    assert await chat.get("/api/preferences") == {"instructions": empty, "routing": USUAL}
    assert await instruct(chat) == await chat.get("/api/preferences") == {"instructions": NURSE, "routing": USUAL}
    other = Chat(chat.served, await chat.served.new_user())
    assert await other.get("/api/preferences") == {"instructions": empty, "routing": USUAL}


async def test_how_questions_are_routed_is_set_by_itself(chat: Chat) -> None:
    await instruct(chat)
    routing = {"large_share": 0.5, "compare": False, "similar_answers": True}
    set_ = await call(chat, "PUT", "/api/preferences", {"routing": routing})
    assert set_.json() == await chat.get("/api/preferences") == {"instructions": NURSE, "routing": routing}
    for share in (-0.1, 1.1, "half"):
        refused = await call(chat, "PUT", "/api/preferences", {"routing": routing | {"large_share": share}})
        assert refused.status_code == 422


async def test_every_prompt_of_the_user_carries_them_and_nobody_elses(chat: Chat, simulator: SimulatorHandle) -> None:
    await instruct(chat)
    await chat.ask("Why is the sky blue?", "chat/quick")
    await chat.ask("Why is the sky blue?", agent_type="dev")
    await chat.ask("Why is the sky blue?", "chat/multi-agent", agents=["luna", "sage"])
    async with chat.stream("Why is the sea blue?") as events:
        await events.rest()
    mine = systems(simulator)
    assert len(mine) == 6
    assert all("I am a nurse in Kraków." in system and system.count("Be brief.") >= 1 for system in mine)
    other = Chat(chat.served, await chat.served.new_user())
    await other.ask("Why is the sky blue?", "chat/quick")
    assert "nurse" not in systems(simulator)[-1]


async def test_answers_under_other_instructions_are_not_reused(chat: Chat, simulator: SimulatorHandle) -> None:
    question = "Why is the sky blue?"
    assert not (await chat.ask(question))["cached"]
    await instruct(chat)
    assert not (await chat.ask(question))["cached"]
    assert (await chat.ask(question))["cached"]
    await instruct(chat, enabled=False)
    assert (await chat.ask(question))["cached"], "as if there were none"
    assert simulator.calls()["started"] == 2


async def test_a_quote_counts_them(chat: Chat) -> None:
    body = {"message": "Why is the sky blue?", "mode": "quick"}
    before = (await call(chat, "POST", "/api/ai/v4/chat/estimate", body)).json()["cost"]["low"]
    await instruct(chat, about="nurse " * 200)
    after = (await call(chat, "POST", "/api/ai/v4/chat/estimate", body)).json()["cost"]["low"]
    assert float(after) > float(before)


@pytest.mark.parametrize("changes", [{"about": "x" * 1501}, {"style": None}, {"enabled": 1}, {"more": ""}])
async def test_instructions_are_bounded(chat: Chat, changes: Json) -> None:
    assert (await call(chat, "PUT", "/api/preferences", {"instructions": NURSE | changes})).status_code == 422


async def test_prompts_are_kept_with_their_variables(chat: Chat) -> None:
    body = {"title": " Explain ", "text": "Explain {{topic}} to {{reader}}: {{topic}}"}
    made = await call(chat, "POST", "/api/prompts", body)
    assert made.status_code == 201
    prompt = made.json()
    assert (prompt["title"], prompt["variables"]) == ("Explain", ["topic", "reader"])
    path = f"/api/prompts/{prompt['id']}"
    assert await chat.get(path) == prompt
    changed = (await call(chat, "PUT", path, {"title": "Explain", "text": "Explain it"})).json()
    assert (changed["variables"], changed["created_at"]) == ([], prompt["created_at"])
    assert (await chat.get("/api/prompts"))["items"] == [changed]
    assert (await call(chat, "DELETE", path)).status_code == 204
    assert (await call(chat, "DELETE", path)).status_code == 404
    assert await chat.get("/api/prompts") == {"items": [], "next_cursor": None}
