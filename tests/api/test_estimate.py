"""Quotes: what a request would cost, without any upstream call."""

import pytest

from tests.servers import SimulatorHandle
from tests.support.chat import Chat, Json, pico

pytestmark = pytest.mark.shared_database


async def quote(chat: Chat, message: str, **body: object) -> Json:
    return await chat.ask(message, "chat/estimate", **body)


@pytest.mark.parametrize("mode", ["quick", "optimized", "multi-agent"])
async def test_a_quote_names_model_cost_and_time_and_calls_nobody(
    chat: Chat, simulator: SimulatorHandle, mode: str
) -> None:
    found = await quote(chat, "Write a Python function", mode=mode)
    assert pico(found["cost"]["low"]) < pico(found["cost"]["high"])
    assert found["expected_seconds"] > 0
    assert found["model"]
    assert simulator.calls()["started"] == 0
    assert (await chat.get("/api/conversations"))["items"] == []


async def test_a_team_costs_more_than_one_agent_and_one_agent_more_than_quick(chat: Chat) -> None:
    quotes = [await quote(chat, "Plan a big migration", mode=mode) for mode in ("quick", "optimized", "multi-agent")]
    highs = [pico(found["cost"]["high"]) for found in quotes]
    assert highs == sorted(highs)
    assert highs[2] > 4 * highs[1]


async def test_the_actual_cost_lies_within_the_quote(chat: Chat) -> None:
    message = "Write a Python function that sorts a list"
    found = await quote(chat, message)
    reply = await chat.ask(message)
    assert found["model"] == reply["model_used"]
    assert found["agent"] == reply["agent"]
    assert pico(found["cost"]["low"]) <= pico(reply["cost"]) <= pico(found["cost"]["high"])


async def test_a_known_answer_costs_nothing(chat: Chat) -> None:
    await chat.ask("What is a quote?")
    found = await quote(chat, "What is a quote?")
    assert (found["cache_likelihood"], found["cost"]) == (1.0, {"low": "0", "high": "0"})


async def test_a_team_is_worth_it_where_the_work_separates(chat: Chat) -> None:
    alone = await quote(chat, "Fix this Python traceback in my function")
    together = await quote(
        chat,
        "Write the Python code, design the user interface wireframe, plan the roadmap with milestones "
        "and write the pytest test plan",
    )
    assert alone["team_worth"]["verdict"] == "one agent"
    assert together["team_worth"]["verdict"] == "team"
