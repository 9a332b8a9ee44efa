"""Identical questions on two workers: one upstream call, one payer, whoever comes and goes."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.servers import SimulatorHandle
from tests.support.chat import Chat, Events, Json, close_gate, held, open_gate, pico
from tests.support.waiting import eventually
from tests.support.workers import Workers

HALF = 50


async def leave(request: "asyncio.Task[Json]") -> None:
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)


def assert_one_payer(receipts: list[Json], records: list[Json]) -> None:
    """The one record of the ledger is on one receipt; all others cost nothing and say why."""
    [record] = records
    [payer] = [receipt for receipt in receipts if not receipt["cached"]]
    assert (record["request_id"], record["cost"]) == (payer["request_id"], pico(payer["cost"]))
    assert record["cost"] > 0
    followers = [receipt for receipt in receipts if receipt["cached"]]
    assert len(followers) == len(receipts) - 1
    assert {receipt["cost"] for receipt in followers} == {"0"}
    assert {receipt["tokens_used"] for receipt in followers} == {0}
    assert {receipt["cache"]["layer"] for receipt in followers} <= {"coalesced", "l1", "l2", "l3"}


@pytest.mark.parametrize("all_wait", [True, False])
async def test_a_hundred_identical_questions_are_one_call_and_one_bill(
    workers: Workers, simulator: SimulatorHandle, all_wait: bool
) -> None:
    on_a, on_b = await workers.user()
    if all_wait:
        close_gate(simulator)
    asking = [asyncio.create_task(chat.ask("What is asked a hundred times?")) for chat in (on_a, on_b) * HALF]
    if all_wait:
        await workers.open_turns(on_a, 2 * HALF)
        open_gate(simulator)
    replies = await asyncio.gather(*asking)
    assert simulator.calls()["started"] == 1
    assert_one_payer(replies, await workers.stored("ai_usage", on_a))
    assert len({reply["content"] for reply in replies}) == 1
    if all_wait:
        assert {reply["cache"]["layer"] for reply in replies if reply["cached"]} == {"coalesced"}
    answers = await workers.stored("messages", on_a, role="assistant")
    assert [answer["status"] for answer in answers] == ["complete"] * 2 * HALF
    assert {answer["content"] for answer in answers} == {replies[0]["content"]}


@pytest.mark.parametrize("all_wait", [True, False])
async def test_identical_streams_on_both_workers_are_one_call_and_one_bill(
    workers: Workers, simulator: SimulatorHandle, all_wait: bool
) -> None:
    on_a, on_b = await workers.user()
    if all_wait:
        close_gate(simulator, after=3)
    async with AsyncExitStack() as stack:

        async def open_stream(chat: Chat) -> Events:
            events = await stack.enter_async_context(chat.stream("What is streamed to many?"))
            await events.until("token")
            return events

        opened = await asyncio.gather(*(open_stream(chat) for chat in (on_a, on_b) * 8))
        if all_wait:
            assert simulator.calls()["active"] == 1
            open_gate(simulator)
        seen = await asyncio.gather(*(events.rest() for events in opened))
    assert simulator.calls()["started"] == 1
    assert_one_payer([events[-1]["data"] for events in seen], await workers.stored("ai_usage", on_a))
    assert len({events.text() for events in opened}) == 1


async def test_a_first_asker_who_leaves_hands_the_call_and_its_bill_to_another(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    close_gate(simulator, contains="Who pays")
    first = asyncio.create_task(on_a.ask("Who pays when the first one leaves?"))
    await eventually(lambda: held(simulator) == 1)
    others = [asyncio.create_task(chat.ask("Who pays when the first one leaves?")) for chat in (on_a, on_b) * 3]
    await workers.open_turns(on_a, 7)
    other = await on_a.ask("Something else")  # once this is answered, those before it wait for the call
    await leave(first)
    await workers.open_turns(on_a, 6)
    open_gate(simulator)
    replies = await asyncio.gather(*others)
    assert simulator.calls()["started"] == 2
    records = await workers.stored("ai_usage", on_a)
    assert_one_payer(replies, [record for record in records if record["request_id"] != other["request_id"]])


async def test_where_a_whole_worker_loses_its_askers_the_other_makes_its_own_call(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    close_gate(simulator)
    first = asyncio.create_task(on_a.ask("What becomes of the other worker?"))
    await eventually(lambda: held(simulator) == 1)
    second = asyncio.create_task(on_b.ask("What becomes of the other worker?"))
    await workers.open_turns(on_a, 2)
    await leave(first)
    await eventually(lambda: (simulator.calls()["cancelled"], simulator.calls()["active"]) == (1, 1))
    open_gate(simulator)
    reply = await second
    await workers.settled(on_a)
    records = {record["outcome"]: record for record in await workers.stored("ai_usage", on_a)}
    assert {outcome: record["estimated"] for outcome, record in records.items()} == {"cancelled": True, "ok": False}
    assert (records["ok"]["request_id"], records["ok"]["cost"]) == (reply["request_id"], pico(reply["cost"]))


async def test_a_stream_whose_reader_leaves_goes_on_for_those_who_share_it(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    close_gate(simulator, after=3)
    async with on_a.stream("Who reads to the end?") as first:
        await first.until("token")
        async with on_b.stream("Who reads to the end?") as second:
            await second.until("token")
            await first.response.aclose()
            await asyncio.sleep(0)
            open_gate(simulator)
            [*_, done] = await second.rest()
    assert done["event"] == "done"
    assert (done["data"]["cost"], done["data"]["cache"]["layer"]) == ("0", "coalesced")
    await workers.settled(on_a)
    [record] = await workers.stored("ai_usage", on_a)
    assert (record["request_id"], record["outcome"]) == (first.seen[0]["data"]["request_id"], "ok")
    assert simulator.calls()["started"] == 1


async def test_a_repetition_on_the_other_worker_replays_the_answer(
    workers: Workers, simulator: SimulatorHandle
) -> None:
    on_a, on_b = await workers.user()
    body = {"message": "Only once, wherever it arrives", "use_cache": False}
    close_gate(simulator)
    first = asyncio.create_task(on_a.post("chat/optimized", key="once", **body))
    await eventually(lambda: held(simulator) == 1)
    second = asyncio.create_task(on_b.post("chat/optimized", key="once", **body))
    mismatch = await on_b.post("chat/optimized", key="once", message="Another body")
    assert (mismatch.status_code, mismatch.json()["code"]) == (422, "idempotency_mismatch")
    assert not second.done()
    open_gate(simulator)
    answers = [*await asyncio.gather(first, second), await on_b.post("chat/optimized", key="once", **body)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert ["Idempotency-Replayed" in answer.headers for answer in answers] == [False, True, True]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert simulator.calls()["started"] == 1
    assert len(await workers.stored("ai_usage", on_a)) == 1
    assert len(await workers.stored("messages", on_a)) == 2
