"""One agent: the reply, what it cost, what is stored of it, and what happens when something fails."""

import asyncio
from typing import Any

import pytest

from backend.domain.agents import AGENTS_BY_ID
from tests.servers import SimulatorHandle
from tests.support.application import Served
from tests.support.chat import Chat, asked, close_gate, counters, held, ledger, open_gate, pico, program
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

SMALL, LARGE = "openai/gpt-oss-20b", "openai/gpt-oss-120b"


async def records(chat: Chat) -> list[dict[str, Any]]:
    assert chat.served.services
    return await ledger(chat.served.services.database, chat.account.id)


async def test_a_reply_has_every_field_of_the_contract(chat: Chat) -> None:
    reply = await chat.ask("Write a Python function that reverses a string.")
    assert set(reply) >= {
        *("content", "finish_reason", "agent", "model_used", "routing", "tokens", "tokens_used", "cost"),
        *("baseline_cost", "response_time", "cached", "cache", "conversation_id", "message_id", "request_id"),
        "timestamp",
    }
    assert reply["agent"] == {"id": "dev", "name": "Dev", "role": AGENTS_BY_ID["dev"].role}
    assert set(reply["routing"]) == {"complexity", "tier", "reasons", "domain"}
    assert reply["routing"]["reasons"]
    assert set(reply["tokens"]) == {"prompt", "cached_prompt", "completion", "reasoning", "total"}
    assert reply["tokens_used"] == reply["tokens"]["total"] > 0
    assert reply["timestamp"].endswith("Z")
    assert not reply["cached"]
    assert reply["cache"] is None


async def test_the_cost_is_the_price_of_the_reported_tokens_to_the_last_digit(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    reply = await chat.ask("hello", model=SMALL)
    tokens = simulator.calls()["tokens"]
    assert reply["tokens"]["prompt"] == tokens["prompt"]
    expected = (tokens["prompt"] - tokens["cached_prompt"]) * 75_000
    expected += tokens["cached_prompt"] * 37_500 + tokens["completion"] * 300_000
    assert pico(reply["cost"]) == expected
    assert pico(reply["baseline_cost"]) == 2 * expected  # the large model costs twice as much in every kind


async def test_ledger_and_counters_equal_the_receipt(chat: Chat) -> None:
    reply = await chat.ask("Explain step by step why 0.1 + 0.2 is not 0.3.")
    [record] = await records(chat)
    assert record["cost"] == pico(reply["cost"])
    assert record["baseline"] == pico(reply["baseline_cost"])
    assert record["request_id"] == reply["request_id"]
    assert chat.served.services
    [row] = await counters(chat.served.services.database, chat.account.id)
    assert (row["requests"], row["calls"], row["cost"]) == (1, 1, pico(reply["cost"]))


async def test_both_messages_are_stored_and_the_next_question_sees_them(chat: Chat, simulator: SimulatorHandle) -> None:
    first = await chat.ask("My name is Ada.")
    await chat.ask("What is my name?", conversation_id=first["conversation_id"])
    stored = await chat.messages(first["conversation_id"])
    assert [(message["role"], message["status"]) for message in stored] == [
        ("user", "complete"),
        ("assistant", "complete"),
    ] * 2
    assert stored[1]["content"] == first["content"]
    assert stored[1]["receipt"]["cost"] == first["cost"]
    assert stored[2]["parent_id"] == first["message_id"]
    sent = asked(simulator)[-1]["request"]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert sent[1]["content"] == "My name is Ada."
    assert sent[2]["content"] == first["content"]


async def test_the_question_is_stored_before_the_upstream_call_starts(chat: Chat, simulator: SimulatorHandle) -> None:
    close_gate(simulator)
    asking = asyncio.create_task(chat.ask("Held back", use_cache=False))
    await eventually(lambda: held(simulator) == 1)
    listed = await chat.get("/api/conversations")
    stored = await chat.messages(listed["items"][0]["id"])
    assert [(message["role"], message["status"]) for message in stored] == [
        ("user", "complete"),
        ("assistant", "pending"),
    ]
    open_gate(simulator)
    await asking


async def test_a_named_agent_and_a_named_model_win(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Write Python code", agent_type="luna", model=LARGE)
    assert (reply["agent"]["id"], reply["model_used"]) == ("luna", LARGE)
    assert asked(simulator)[-1]["request"]["messages"][0]["content"] == AGENTS_BY_ID["luna"].system_prompt


async def test_complexity_picks_the_tier(chat: Chat) -> None:
    easy = await chat.ask("hi")
    hard = await chat.ask(
        "Design a distributed rate limiter, prove that it is correct, compare the trade-offs step by step:\n"
        "- must survive a partition\n- at most 5 ms\n- exactly one winner"
    )
    assert (easy["model_used"], hard["model_used"]) == (SMALL, LARGE)
    assert easy["routing"]["complexity"] < hard["routing"]["complexity"]


@pytest.mark.parametrize(("model", "code"), [("llama-3.1-8b-instant", "model_retired"), ("gpt-9", "unknown_model")])
async def test_retired_and_unknown_models_are_refused(
    chat: Chat, simulator: SimulatorHandle, model: str, code: str
) -> None:
    answer = await chat.post("chat/optimized", message="hi", model=model)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert simulator.calls()["started"] == 0


async def test_the_same_question_is_answered_from_the_cache_and_costs_nothing(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    first = await chat.ask("What is a monad?")
    again = await chat.ask("What is a monad?")
    assert again["content"] == first["content"]
    assert (again["cached"], again["cost"], again["tokens_used"]) == (True, "0", 0)
    assert again["cache"]["layer"] == "l1"
    assert again["cache"]["saved"] == first["cost"]
    assert again["baseline_cost"] == first["baseline_cost"]
    assert simulator.calls()["started"] == 1
    assert len(await records(chat)) == 1
    assert len(await chat.messages(again["conversation_id"])) == 2


async def test_use_cache_false_asks_afresh(chat: Chat, simulator: SimulatorHandle) -> None:
    for _ in range(2):
        reply = await chat.ask("What is a functor?", use_cache=False)
        assert not reply["cached"]
    assert simulator.calls()["started"] == 2


async def test_another_user_never_gets_a_cached_answer(
    app_client: Served, chat: Chat, simulator: SimulatorHandle
) -> None:
    await chat.ask("What is a monoid?")
    other = Chat(app_client, await app_client.new_user())
    assert not (await other.ask("What is a monoid?"))["cached"]
    assert simulator.calls()["started"] == 2


async def test_clearing_the_cache_makes_the_next_answer_fresh(chat: Chat, simulator: SimulatorHandle) -> None:
    await chat.ask("What is a comonad?")
    cleared = await chat.post("cache/clear")
    assert cleared.json()["cleared"]["l3"] == 1
    assert not (await chat.ask("What is a comonad?"))["cached"]
    assert simulator.calls()["started"] == 2


async def test_identical_questions_in_flight_share_one_call_and_the_leader_pays(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    close_gate(simulator)
    asking = [asyncio.create_task(chat.ask("Share this")) for _ in range(20)]
    await eventually(lambda: held(simulator) == 1)
    assert chat.served.services
    messages = chat.served.services.database.collection("messages")

    async def all_asked() -> bool:
        return await messages.count_documents({"user_id": chat.account.id, "role": "assistant"}) == 20

    await eventually(all_asked)
    open_gate(simulator)
    replies = await asyncio.gather(*asking)
    assert simulator.calls()["started"] == 1
    payers = [reply for reply in replies if not reply["cached"]]
    assert len(payers) == 1
    assert {reply["cost"] for reply in replies if reply["cached"]} == {"0"}
    assert {reply["cache"]["layer"] for reply in replies if reply["cached"]} == {"coalesced"}
    [record] = await records(chat)
    assert record["cost"] == pico(payers[0]["cost"])


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("400", 502, "upstream_error"),
        ("401", 502, "upstream_error"),
        ("500", 502, "upstream_error"),
        ("malformed-json", 502, "upstream_error"),
        ("wrong-content-type", 502, "upstream_error"),
        ("498", 503, "model_unavailable"),
        ("429;retry_after=3000", 503, "model_unavailable"),
    ],
)
async def test_an_upstream_failure_is_a_problem_and_the_question_is_kept(
    chat: Chat, simulator: SimulatorHandle, fault: str, status: int, code: str
) -> None:
    program(simulator, fault)
    answer = await chat.post("chat/optimized", message="Will fail", deadline_s=5)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    listed = await chat.get("/api/conversations")
    question, reply = await chat.messages(listed["items"][0]["id"])
    assert (question["content"], question["status"]) == ("Will fail", "complete")
    assert (reply["content"], reply["status"]) == ("", "failed")
    assert sum(record["cost"] for record in await records(chat)) == 0


async def test_a_passing_failure_is_retried_within_the_deadline(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "503", count=1)
    reply = await chat.ask("Try again")
    assert reply["attempts"] == 2
    assert simulator.calls()["started"] == 2


async def test_a_model_that_is_gone_is_replaced_and_the_receipt_says_so(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "498", model=SMALL)
    reply = await chat.ask("hi", deadline_s=20)
    assert reply["model_used"] == LARGE
    assert reply["fallback_from"] == [SMALL]
    [record] = await records(chat)
    assert record["model"] == LARGE


async def test_an_open_breaker_is_a_503_that_calls_nobody_and_says_when_to_come_back(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    program(simulator, "500")
    for _ in range(2):
        await chat.post("chat/optimized", message="Opens the breaker")
    calls = simulator.calls()["started"]
    for path in ("chat/optimized", "chat/multi-agent", "chat/stream"):
        answer = await chat.post(path, message="Left alone")
        assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert simulator.calls()["started"] == calls


async def test_the_deadline_is_a_504_and_closes_the_upstream_call(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "hang")
    answer = await chat.post("chat/optimized", message="Slow", deadline_s=0.3)
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    await eventually(lambda: simulator.calls()["active"] == 0)


async def test_a_cost_cap_bounds_the_answer(chat: Chat, simulator: SimulatorHandle) -> None:
    reply = await chat.ask("Tell me a long story", model=SMALL, max_cost_usd="0.0001", use_cache=False)
    assert pico(reply["cost"]) <= 100_000_000
    refused = await chat.post("chat/optimized", message="Tell me more", model=SMALL, max_cost_usd="0.000001")
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
    assert simulator.calls()["started"] == 1


async def test_max_tokens_and_finish_reason_are_honoured(chat: Chat) -> None:
    reply = await chat.ask("Tell me a story", max_tokens=10)
    assert reply["finish_reason"] == "length"
    assert reply["tokens"]["completion"] <= 10
    assert not (await chat.ask("Tell me a story", max_tokens=10))["cached"]  # half an answer is not reused


async def test_what_does_not_fit_into_the_context_is_left_out_and_the_receipt_says_so(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    context = [{"role": "user", "content": f"{number} " + "x" * 3_000} for number in range(40)]
    reply = await chat.ask("hi", context=context)
    assert reply["context_omitted"] == 22
    assert any("left out" in reason for reason in reply["routing"]["reasons"])
    sent = asked(simulator)[-1]["request"]["messages"]
    assert sent[1]["content"].startswith("22 ")


async def test_the_prompt_prefix_is_reused_by_the_vendor(chat: Chat) -> None:
    first = await chat.ask("Tell me about caches. " * 40, agent_type="dev", model=SMALL)
    second = await chat.ask("And more?", agent_type="dev", model=SMALL, conversation_id=first["conversation_id"])
    assert second["tokens"]["cached_prompt"] > 0


async def test_reasoning_is_shown_stored_and_billed(chat: Chat) -> None:
    reply = await chat.ask("Prove that there are infinitely many primes, step by step.", model=LARGE)
    assert reply["reasoning"]
    assert 0 < reply["tokens"]["reasoning"] <= reply["tokens"]["completion"]
    stored = await chat.messages(reply["conversation_id"])
    assert stored[1]["receipt"]["tokens"]["reasoning"] == reply["tokens"]["reasoning"]


async def test_regeneration_adds_a_sibling_and_never_comes_from_the_cache(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    first = await chat.ask("Name a colour")
    again = await chat.ask("ignored", conversation_id=first["conversation_id"], regenerate_of=first["message_id"])
    assert not again["cached"]
    stored = await chat.messages(first["conversation_id"])
    assert [message["role"] for message in stored] == ["user", "assistant", "assistant"]
    assert stored[1]["parent_id"] == stored[2]["parent_id"] == stored[0]["id"]
    assert asked(simulator)[-1]["request"]["messages"][-1]["content"] == "Name a colour"


async def test_a_branch_continues_from_its_parent_only(chat: Chat, simulator: SimulatorHandle) -> None:
    first = await chat.ask("One")
    second = await chat.ask("Two", conversation_id=first["conversation_id"])
    await chat.ask("Other two", conversation_id=second["conversation_id"], parent_id=first["message_id"])
    sent = [message["content"] for message in asked(simulator)[-1]["request"]["messages"]]
    assert sent[1:] == ["One", first["content"], "Other two"]


async def test_another_users_conversation_is_not_found(app_client: Served, chat: Chat) -> None:
    mine = await chat.ask("Private")
    other = Chat(app_client, await app_client.new_user())
    answer = await other.post("chat/optimized", message="hi", conversation_id=mine["conversation_id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_quick_uses_the_small_model_and_starts_a_conversation(chat: Chat) -> None:
    reply = await chat.ask("Design a distributed database and prove it correct", path="chat/quick")
    assert reply["model_used"] == SMALL
    assert set(reply) == {
        *("content", "finish_reason", "model_used", "tokens_used", "cost", "response_time", "cached"),
        *("conversation_id", "message_id", "request_id", "timestamp"),
    }
    listed = await chat.get("/api/conversations")
    assert listed["items"][0]["title"] == "Design a distributed database and prove it correct"
