"""Several agents at once: side by side, one after another, late, failing, capped, and run again."""

import asyncio
import re
from typing import Any

import pytest

from tests.servers import SimulatorHandle
from tests.support.application import Served
from tests.support.chat import Chat, Json, asked, close_gate, counters, held, ledger, open_gate, pico, program
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

TEAM = "chat/multi-agent"
AGENTS = ["dev", "luna", "atlas", "quinn", "sage"]


async def records(chat: Chat) -> list[dict[str, Any]]:
    assert chat.served.services
    return await ledger(chat.served.services.database, chat.account.id)


def by_agent(reply: Json) -> dict[str, Json]:
    return {response["agent_type"]: response for response in reply["individual_responses"]}


async def test_five_agents_answer_and_everything_is_on_one_bill(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Plan a photo sharing app", TEAM)
    assert [response["agent_type"] for response in reply["individual_responses"]] == AGENTS
    assert {response["status"] for response in reply["individual_responses"]} == {"ok"}
    assert reply["agents_used"] == AGENTS
    assert reply["synthesized_response"]
    assert simulator.calls()["started"] == 6
    billed = await records(chat)
    assert sum(record["cost"] for record in billed) == pico(reply["total_cost"])
    assert [record["purpose"] for record in billed].count("synthesis") == 1
    parts = sum(pico(response["cost"]) for response in reply["individual_responses"])
    synthesis = next(record["cost"] for record in billed if record["purpose"] == "synthesis")
    assert parts + synthesis == pico(reply["total_cost"])
    assert chat.served.services
    rows = await counters(chat.served.services.database, chat.account.id)
    assert (sum(row.get("requests", 0) for row in rows), sum(row["cost"] for row in rows if "cost" in row)) == (
        1,
        pico(reply["total_cost"]),
    )


async def test_all_five_are_asked_at_once(chat: Chat, simulator: SimulatorHandle) -> None:
    close_gate(simulator)
    asking = asyncio.create_task(chat.ask("Together", TEAM))
    await eventually(lambda: held(simulator) == 5)
    open_gate(simulator)
    await asking


async def test_the_synthesis_reads_every_answer_as_material(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Plan a garden", TEAM, agents=["dev", "sage"])
    prompt = asked(simulator)[-1]["request"]["messages"][-1]["content"]
    answers = re.findall(r'<answer-(\w+) agent="(\w+)">\n(.*?)\n</answer-\1>', prompt, re.S)
    assert [answer[1:] for answer in answers] == [
        (response["agent_type"], response["response"]) for response in reply["individual_responses"]
    ]


async def test_a_failed_agent_is_reported_and_fails_nobody(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "400", system_contains="You are Quinn")
    reply = await chat.ask("Plan a party", TEAM)
    quinn = by_agent(reply)["quinn"]
    assert (quinn["status"], quinn["response"], quinn["cost"]) == ("failed", None, "0")
    assert quinn["error"]
    assert reply["agents_used"] == ["dev", "luna", "atlas", "sage"]


async def test_a_late_agent_times_out_and_the_others_are_merged(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "hang", system_contains="You are Luna")
    reply = await chat.ask("Plan a trip", TEAM, deadline_s=2)
    assert by_agent(reply)["luna"]["status"] == "timed_out"
    assert len(reply["agents_used"]) == 4


async def test_all_agents_failing_is_the_error_that_one_would_have_given(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    program(simulator, "400")
    answer = await chat.post(TEAM, message="No way")
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_error")
    [listed] = (await chat.get("/api/conversations"))["items"]
    question, reply = await chat.messages(listed["id"])
    assert (question["content"], reply["status"]) == ("No way", "failed")


async def test_a_failed_synthesis_keeps_what_was_paid_for(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "400", system_contains="You merge the answers")
    answer = await chat.post(TEAM, message="Half way", agents=["dev", "luna"])
    assert answer.status_code == 502
    billed = await records(chat)
    assert [record["purpose"] for record in billed if record["cost"]] == ["agent", "agent"]


async def test_min_agents_finishes_early_and_the_rest_are_skipped(chat: Chat, simulator: SimulatorHandle) -> None:
    for name in ("Atlas", "Quinn", "Sage"):
        program(simulator, "hang", system_contains=f"You are {name}")
    reply = await chat.ask("Quickly", TEAM, min_agents=2)
    assert reply["agents_used"] == ["dev", "luna"]
    assert {by_agent(reply)[agent]["status"] for agent in ("atlas", "quinn", "sage")} == {"skipped"}
    await eventually(lambda: simulator.calls()["active"] == 0)
    skipped = [record for record in await records(chat) if record["outcome"] == "cancelled"]
    assert len(skipped) == 3
    assert all(record["estimated"] for record in skipped)
    assert pico(reply["total_cost"]) == sum(record["cost"] for record in await records(chat))


async def test_sequential_agents_read_those_before_them(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Step by step", TEAM, agents=["sage", "dev"], collaboration_mode="sequential")
    first, second = asked(simulator)[:2]
    assert first["request"]["messages"][-1]["content"] == "Step by step"
    assert by_agent(reply)["sage"]["response"] in second["request"]["messages"][-1]["content"]


async def test_one_agent_needs_no_synthesis(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Alone", TEAM, agents=["dev"])
    assert simulator.calls()["started"] == 1
    assert reply["synthesized_response"] == by_agent(reply)["dev"]["response"]


async def test_the_same_team_question_comes_from_the_cache(chat: Chat, simulator: SimulatorHandle) -> None:
    first = await chat.ask("Cache us", TEAM)
    again = await chat.ask("Cache us", TEAM)
    assert simulator.calls()["started"] == 6
    assert (again["cached"], again["total_cost"], again["total_tokens"]) == (True, "0", 0)
    assert again["synthesized_response"] == first["synthesized_response"]


async def test_the_cost_cap_holds_for_the_whole_team(chat: Chat) -> None:
    reply = await chat.ask("Cheaply", TEAM, max_cost_usd="0.003")
    assert pico(reply["total_cost"]) <= pico("0.003")
    refused = await chat.post(TEAM, message="For nothing", max_cost_usd="0.000001")
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")


async def test_rerunning_one_agent_reuses_the_others_and_bills_only_what_is_new(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    first = await chat.ask("Plan a museum", TEAM)
    before = simulator.calls()["started"]
    answer = await chat.post(f"{TEAM}/{first['message_id']}/agents/luna/rerun")
    assert answer.status_code == 200, answer.text
    again = answer.json()
    assert simulator.calls()["started"] == before + 2  # luna and the synthesis
    assert [response["agent_type"] for response in again["individual_responses"]] == AGENTS
    assert [response["agent_type"] for response in again["individual_responses"] if not response["reused"]] == ["luna"]
    assert by_agent(again)["dev"]["response"] == by_agent(first)["dev"]["response"]
    assert by_agent(again)["dev"]["cost"] == "0"
    billed = [record for record in await records(chat) if record["request_id"] == again["request_id"]]
    assert len(billed) == 2
    assert sum(record["cost"] for record in billed) == pico(again["total_cost"])


async def test_a_rerun_of_what_is_not_there_is_not_found(app_client: Served, chat: Chat) -> None:
    reply = await chat.ask("Plan a zoo", TEAM, agents=["dev", "sage"])
    other = Chat(app_client, await app_client.new_user())
    paths = (f"{TEAM}/msg_none/agents/dev/rerun", f"{TEAM}/{reply['message_id']}/agents/luna/rerun")
    assert {(await chat.post(path)).status_code for path in paths} == {404}
    assert (await other.post(f"{TEAM}/{reply['message_id']}/agents/dev/rerun")).status_code == 404
