"""The leaderboard, which every user may see, and what administrators see of costs and of the service."""

from typing import Any

import pytest

from backend.domain.usage import parse_usd
from tests.servers import SimulatorHandle
from tests.support.application import Account, Served
from tests.support.chat import Chat, Json

MEMBERS = ["dev", "luna"]


async def ask_and_judge(chat: Chat, message: str, rating: str | None = None, **body: object) -> Json:
    reply = await chat.ask(message, **body)  # type: ignore[arg-type]
    if rating:
        path = f"/api/messages/{reply['message_id']}/feedback"
        answer = await chat.served.client.put(path, headers=chat.account.headers, json={"rating": rating})
        answer.raise_for_status()
    return reply


def by_id(rows: list[Json]) -> dict[str, Any]:
    return {row["id"]: row for row in rows}


async def test_the_leaderboard_weighs_quality_cost_and_latency(app_client: Served, user: Account) -> None:
    chat = Chat(app_client, user)
    first = await ask_and_judge(chat, "How do I reverse a list in Python?", "up", agent_type="dev")
    second = await ask_and_judge(chat, "How do I sort a list in Python?", "down", agent_type="dev")
    await ask_and_judge(chat, "Plan a login page", "up", path="chat/multi-agent", agents=MEMBERS)
    board = await chat.get("/api/leaderboard?days=7")
    assert board["period_days"] == 7
    agents, models = by_id(board["agents"]), by_id(board["models"])
    assert set(agents) == {"dev", "luna", "team"}
    dev = agents["dev"]
    assert (dev["requests"], dev["calls"]) == (2, 3)
    assert (dev["quality"]["up"], dev["quality"]["down"], dev["quality"]["share"]) == (1, 1, 0.5)
    assert dev["quality"]["low"] < 0.5 < dev["quality"]["high"]
    assert parse_usd(dev["cost_per_call"]) > 0
    assert dev["quality_per_dollar"] == pytest.approx(0.5 / float(dev["cost_per_call"]), rel=0.01)
    assert dev["latency"]["p95"] >= dev["latency"]["p50"] > 0
    assert (agents["team"]["requests"], agents["team"]["quality"]["share"]) == (1, 1.0)
    assert (agents["team"]["calls"], agents["team"]["cost_per_call"]) == (0, None)
    assert agents["luna"]["quality"] == {"share": None, "low": None, "high": None, "up": 0, "down": 0}
    assert board["agents"][0]["id"] == "team"
    assert {first["model_used"], second["model_used"]} <= set(models)
    assert sum(row["quality"]["up"] for row in board["models"]) == 2


async def test_costs_agree_with_the_receipts(app_client: Served, admin: Account, simulator: SimulatorHandle) -> None:
    accounts = [await app_client.new_user() for _ in range(2)]
    spent: dict[str, int] = {}
    for account, questions in zip(accounts, (1, 3), strict=True):
        for number in range(questions):
            reply = await Chat(app_client, account).ask(f"What is {number} + 1?", agent_type="dev")
            spent[account.id] = spent.get(account.id, 0) + parse_usd(reply["cost"])
    costs = await Chat(app_client, admin).get("/api/admin/costs?by=user&days=1")
    found = [(row["id"], row["name"], row["requests"], parse_usd(row["cost"])) for row in costs["items"]]
    assert found == [
        (accounts[1].id, accounts[1].email, 3, spent[accounts[1].id]),
        (accounts[0].id, accounts[0].email, 1, spent[accounts[0].id]),
    ]
    assert parse_usd(costs["total"]["cost"]) == sum(spent.values())
    one = await Chat(app_client, admin).get("/api/admin/costs?by=user&limit=1")
    assert [row["id"] for row in one["items"]] == [accounts[1].id]
    assert one["total"] == costs["total"]
    for by in ("agent", "model"):
        listed = await Chat(app_client, admin).get(f"/api/admin/costs?by={by}")
        assert [row["name"] for row in listed["items"]] == [row["id"] for row in listed["items"]]
        assert sum(parse_usd(row["cost"]) for row in listed["items"]) == sum(spent.values())


async def test_what_was_saved_is_shown_by_its_source_and_with_its_evidence(app_client: Served, admin: Account) -> None:
    chat, administrator = Chat(app_client, await app_client.new_user()), Chat(app_client, admin)
    first, again = [await chat.ask("How do I reverse a list in Python?", agent_type="dev") for _ in range(2)]
    assert (first["cached"], again["cached"], again["saved"]) == (False, True, again["baseline_cost"])
    own = (await chat.get("/api/ai/v4/analytics/user?days=1"))["cost_analysis"]
    cache, saved = parse_usd(first["cost"]), 2 * parse_usd(first["baseline_cost"]) - parse_usd(first["cost"])
    assert {name: parse_usd(part) for name, part in own["saved_by"].items()} == {
        "routing": saved - cache,
        "cache": cache,
    }
    assert parse_usd(own["saved"]) == saved
    unknown = "not calibrated: nothing is known of the quality lost"
    board = await administrator.get("/api/ai/v4/performance/dashboard")
    reports = [own, board, *[await administrator.get(f"/api/admin/{name}") for name in ("costs", "business")]]
    assert [(shown["evidence"]["calibrated"], shown["evidence"]["text"]) for shown in reports] == [(False, unknown)] * 4
    advice = {row["id"]: row["text"] for row in board["dashboard"]["recommendations"]}
    aged = [row for row in (await chat.get("/api/ai/v4/models"))["models"] if row["age_days"] > 90]
    assert any(row["id"] in advice["aged_price"] and row["source"] in advice["aged_price"] for row in aged)


async def test_the_business_report_counts_people_verdicts_and_failures(app_client: Served, admin: Account) -> None:
    account = await app_client.new_user()
    chat = Chat(app_client, account)
    reply = await ask_and_judge(chat, "How do I reverse a list in Python?", "up", agent_type="dev")
    await ask_and_judge(chat, "How do I sort a list in Python?", "down", agent_type="dev")
    assert app_client.services is not None
    for status in (200, 200, 502):
        app_client.services.monitor.record_request("/api/ai/v4/chat/quick", "POST", status, 0.1)
    report = await Chat(app_client, admin).get("/api/admin/business?days=3")
    assert len(report["days"]) == 3
    assert report["days"][0]["requests"] == 0
    today = report["days"][-1]
    assert (today["requests"], today["users"]) == (report["requests"], 1) == (2, 1)
    assert today["satisfaction"]["share"] == report["satisfaction"]["share"] == 0.5
    budget = report["error_budget"]
    assert (budget["objective"], budget["failed"], budget["scope"]) == (0.999, 1, "all_workers")
    assert budget["requests"] > 5
    assert budget["left"] < 0
    assert budget["availability"] == pytest.approx(1 - 1 / budget["requests"], abs=1e-5)
    month = report["months"][-1]
    assert (month["users"], month["cost_per_user"]) == (1, month["cost"])
    assert parse_usd(month["cost"]) >= parse_usd(reply["cost"])


@pytest.mark.parametrize("path", ["leaderboard?days=32", "admin/costs?by=day", "admin/costs?limit=101"])
async def test_a_report_of_what_there_is_not_is_refused(app_client: Served, admin: Account, path: str) -> None:
    assert (await app_client.client.get(f"/api/{path}", headers=admin.headers)).status_code == 422
