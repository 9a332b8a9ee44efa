"""Calibration over HTTP: what is compared and who pays, and what administrators do about what was learned."""

import asyncio
from datetime import UTC, datetime

import httpx

from backend.domain.audit import AuditAction
from backend.domain.calibration.comparisons import COMPARISONS_OWNER
from backend.domain.calibration.fit import Label
from backend.domain.calibration.ranks import BINS, OTHERS, Calibration
from backend.services.repositories.calibrations import CalibrationRepository
from backend.services.repositories.routing_labels import RoutingLabelRepository
from backend.services.repositories.routing_traffic import RoutingTrafficRepository, TrafficDay
from backend.services.scalable_database import ScalableDatabase
from tests.support.application import Account, Served
from tests.support.calibrations import make_fitted
from tests.support.chat import Chat, Json, counters, ledger, pico
from tests.support.waiting import eventually

CALIBRATION = "/api/admin/calibration"
OFF: Json = {"daily_budget_usd": None, "sample_share": 0.02, "pinned": False}


async def call(served: Served, admin: Account, method: str, path: str = "", body: Json | None = None) -> httpx.Response:
    return await served.client.request(method, CALIBRATION + path, headers=admin.headers, json=body)


async def state(served: Served, admin: Account) -> Json:
    found = await call(served, admin, "GET")
    assert found.status_code == 200, found.text
    answer: Json = found.json()
    return answer


async def test_answers_are_compared_at_the_installations_cost_and_never_against_a_users_will(
    app_client: Served, admin: Account, database: ScalableDatabase
) -> None:
    fresh = await state(app_client, admin)
    assert (fresh["calibrated"], fresh["in_use"], fresh["evidence"]["loss"]) == (False, None, None)
    assert {name: fresh[name] for name in OFF} == OFF
    chat, reluctant = Chat(app_client, await app_client.new_user()), Chat(app_client, await app_client.new_user())
    await chat.ask("What is a list?", agent_type="dev")
    settings = {"daily_budget_usd": "1", "sample_share": 1.0, "pinned": False}
    assert (await call(app_client, admin, "PUT", body=settings)).status_code == 200
    routing = {"large_share": None, "compare": False, "similar_answers": False}
    path = "/api/preferences"
    await app_client.client.put(path, headers=reluctant.account.headers, json={"routing": routing})
    await reluctant.ask("What is a tuple?", agent_type="dev")
    temporary = await chat.ask("What is a set?", agent_type="dev", temporary=True)
    await chat.ask("And a bag?", agent_type="dev", conversation_id=temporary["conversation_id"])
    asked = await chat.ask("What is a dict?", agent_type="dev")
    assert asked["routing"]["tier"] == "small"
    assert (await chat.ask("What is a dict?", agent_type="dev"))["cached"]

    async def compared() -> bool:
        return bool((await state(app_client, admin))["labels"])

    async def paid() -> bool:
        return bool(await ledger(database, COMPARISONS_OWNER))

    await eventually(compared)
    await eventually(paid)
    found = await state(app_client, admin)
    [label] = found["labels"]
    assert (label["source"], label["labels"]) == ("comparison", 1)
    [record] = await ledger(database, COMPARISONS_OWNER)
    assert (record["purpose"], record["agent"], record["conversation_id"]) == ("comparison", "comparison", None)
    assert record["model"] != asked["model_used"]
    assert pico(found["spent_today_usd"]) == record["cost"] > 0
    assert len(await ledger(database, chat.account.id)) == 4
    assert {row["agent"] for row in await counters(database, chat.account.id)} == {"dev"}
    stored = await database.collection("routing_labels").find_one({})
    assert stored is not None
    assert (stored["user_id"], stored["message_id"]) == (chat.account.id, asked["message_id"])
    assert not {"content", "question", "answer"} & set(stored)
    costs = await app_client.client.get("/api/admin/costs?by=user", headers=admin.headers)
    rows = {row["id"]: row for row in costs.json()["items"]}
    assert pico(rows[COMPARISONS_OWNER]["cost"]) == record["cost"]
    business = (await app_client.client.get("/api/admin/business", headers=admin.headers)).json()
    assert business["days"][-1]["users"] == 2, "nobody is behind comparisons"


async def test_no_more_is_compared_than_the_budget_covers_however_many_are_asked_at_once(
    app_client: Served, admin: Account, database: ScalableDatabase, chat: Chat
) -> None:
    """The budget covers one comparison's reservation, and little more."""
    settings = {"daily_budget_usd": "0.0065", "sample_share": 1.0, "pinned": False}
    assert (await call(app_client, admin, "PUT", body=settings)).status_code == 200
    topics = ("list", "tuple", "set", "dict", "bag", "queue", "stack", "tree", "heap", "graph")
    await asyncio.gather(*(chat.ask(f"What is a {topic}?", agent_type="dev") for topic in topics))

    async def ended() -> bool:
        return sum(map(int, (await state(app_client, admin))["comparisons"].values())) == len(topics)

    await eventually(ended)
    refused_ones: int = (await state(app_client, admin))["comparisons"]["unaffordable"]
    assert 1 <= refused_ones < len(topics)

    async def recorded() -> bool:
        records = await ledger(database, COMPARISONS_OWNER)
        return len({record["request_id"] for record in records}) == len(topics) - refused_ones

    await eventually(recorded)
    records = await ledger(database, COMPARISONS_OWNER)
    assert sum(record["cost"] for record in records) <= pico("0.0065")


async def test_what_was_fitted_decides_where_questions_go(
    app_client: Served, admin: Account, database: ScalableDatabase, chat: Chat
) -> None:
    async def tier(number: int) -> str:
        return str((await chat.ask(f"What is a list, for the {number}th time?"))["routing"]["tier"])

    everything_gains = Calibration(1, {OTHERS: (0.99, 1.0)})
    assert await CalibrationRepository(database).add(make_fitted(1, calibration=everything_gains, shares={}))
    assert await tier(1) == "small"
    assert (await call(app_client, admin, "POST", "/rollback", {"version": 1})).status_code == 200
    assert await tier(2) == "large"
    assert (await call(app_client, admin, "POST", "/rollback", {"version": 0})).status_code == 200
    assert await tier(3) == "small"


async def test_thumbs_and_regenerations_are_labels_and_go_with_the_thumb(
    app_client: Served, admin: Account, chat: Chat
) -> None:
    asked = await chat.ask("What is a list?", agent_type="dev")
    thumb = f"/api/messages/{asked['message_id']}/feedback"
    await app_client.client.put(thumb, headers=chat.account.headers, json={"rating": "down"})
    place = {"conversation_id": asked["conversation_id"], "regenerate_of": asked["message_id"]}
    await chat.ask("What is a list?", agent_type="dev", **place)

    async def labels() -> list[tuple[str, int]]:
        return [(row["source"], row["gain"]) for row in (await state(app_client, admin))["labels"]]

    async def both() -> bool:
        return await labels() == [("regeneration", 1), ("thumbs", 1)]

    await eventually(both)
    await app_client.client.delete(thumb, headers=chat.account.headers)
    assert await labels() == [("regeneration", 1)]


async def test_a_fit_is_tried_made_listed_and_taken_back(
    app_client: Served, admin: Account, database: ScalableDatabase
) -> None:
    refused = await call(app_client, admin, "POST", "/refit")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_little_traffic")
    now = datetime.now(UTC)
    await RoutingTrafficRepository(database).add(TrafficDay(now.date(), "math", [5] * BINS, 250, 200_000), now)
    for number in range(60):
        label = Label("math", number / 100, 1 if number % 6 == 0 else 0, 1.0, "judge", now)
        await RoutingLabelRepository(database).put("user_x", f"msg_{number}", "small", label)
    tried = (await call(app_client, admin, "POST", "/dry-run")).json()
    assert not (await state(app_client, admin))["calibrated"]
    made = (await call(app_client, admin, "POST", "/refit")).json()
    assert {**made, "at": ""} == {**tried, "at": ""}
    assert (made["version"], made["requests"], made["labels"], made["cause"]) == (1, 500, {"judge": 60}, "asked")
    assert abs(made["share"] - made["large_share"]) < 0.02
    assert made["loss"]["low"] < made["loss"]["share"] < made["loss"]["high"]
    found = await state(app_client, admin)
    assert found["in_use"] == made
    assert found["evidence"]["labels"] == made["loss"]["labels"]
    assert found["domains"] == [{"domain": "math", "requests": 500, "share": 0.5}]
    analytics = await app_client.client.get("/api/ai/v4/analytics/user", headers=admin.headers)
    assert analytics.json()["cost_analysis"]["evidence"]["version"] == 1
    assert (await call(app_client, admin, "POST", "/rollback", {"version": 2})).status_code == 404
    back = (await call(app_client, admin, "POST", "/rollback", {"version": 0})).json()
    assert (back["calibrated"], back["pinned"]) == (False, True)
    history = (await call(app_client, admin, "GET", "/history")).json()
    assert history == {"items": [made], "next_cursor": None}
    log = await app_client.client.get("/api/admin/audit", headers=admin.headers)
    done = [entry["action"] for entry in log.json()["items"]]
    assert done[:2] == [AuditAction.CALIBRATION_ROLLED_BACK, AuditAction.CALIBRATION_FITTED]
