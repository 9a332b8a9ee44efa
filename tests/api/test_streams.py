"""Streams on a real server: relayed as they arrive, resumed, shared, stopped, and billed whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.services.scalable_database import ScalableDatabase
from tests.servers import SimulatorHandle
from tests.support.application import Served, WorkerProcess
from tests.support.chat import Chat, asked, close_gate, held, ledger, open_gate, pico, program
from tests.support.database.opening import opened
from tests.support.waiting import eventually

pytestmark = pytest.mark.shared_database

WITHOUT_REASONING = "qwen/qwen3.6-27b"
"""The simulator's first tokens of this model are text already."""


@pytest.fixture(scope="module")
def module_settings() -> dict[str, object]:
    return {"stream_grace": 2.0}


@pytest.fixture
async def chat(live_server: Served) -> Chat:
    return Chat(live_server, await live_server.new_user())


@pytest.fixture
async def database(module_worker: WorkerProcess) -> AsyncIterator[ScalableDatabase]:
    settings = module_worker.settings
    async with opened(settings.mongo_url.get_secret_value(), settings.mongo_db) as database:
        yield database


async def records(chat: Chat, database: ScalableDatabase) -> list[dict[str, Any]]:
    return await ledger(database, chat.account.id)


async def test_tokens_reach_the_client_while_the_upstream_still_produces(
    chat: Chat, simulator: SimulatorHandle
) -> None:
    close_gate(simulator, after=3)
    async with chat.stream("Tell me something") as events:
        assert events.response.headers["content-type"].startswith("text/event-stream")
        metadata = await events.next()
        assert metadata
        assert metadata["event"] == "metadata"
        assert set(metadata["data"]) >= {"stream_id", "conversation_id", "agent", "model", "routing"}
        await events.until("token")
        assert simulator.calls()["active"] == 1
        open_gate(simulator)
        seen = await events.rest()
    assert [event["id"] for event in seen] == list(range(1, len(seen) + 1))
    receipt = seen[-1]
    assert receipt["event"] == "done"
    stored = await chat.messages(receipt["data"]["conversation_id"])
    assert stored[1]["content"] == events.text()
    assert stored[1]["receipt"] == receipt["data"]


async def test_the_receipt_of_a_stream_is_in_the_ledger(chat: Chat, database: ScalableDatabase) -> None:
    async with chat.stream("Count to three") as events:
        done = (await events.rest())[-1]["data"]
    [record] = await records(chat, database)
    assert record["cost"] == pico(done["cost"])
    assert not record["estimated"]
    assert 0 < record["ttft"] <= record["response_time"]


async def test_a_dropped_stream_resumes_after_the_last_event_without_a_second_call(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator, after=3)
    async with chat.stream("Resume me") as events:
        await events.until("token")
        first = events.seen[0]["data"]
    open_gate(simulator)
    last = events.seen[-1]["id"]
    async with chat.resume(first["stream_id"], last) as rest:
        await rest.rest()
    assert rest.seen[0]["id"] == last + 1
    assert rest.seen[-1]["event"] == "done"
    stored = await chat.messages(first["conversation_id"])
    assert events.text() + rest.text() == stored[1]["content"]
    assert simulator.calls()["started"] == 1
    assert len(await records(chat, database)) == 1


async def test_a_finished_stream_can_be_read_again(chat: Chat) -> None:
    async with chat.stream("Once more") as events:
        seen = await events.rest()
    async with chat.resume(seen[0]["data"]["stream_id"]) as again:
        assert await again.rest() == seen


async def test_another_users_stream_is_not_found(live_server: Served, chat: Chat) -> None:
    async with chat.stream("Mine") as events:
        stream_id = (await events.rest())[0]["data"]["stream_id"]
    other = Chat(live_server, await live_server.new_user())
    async with other.resume(stream_id) as refused:
        assert refused.response.status_code == 404
    path = f"/api/ai/v4/chat/stream/{stream_id}"
    assert (await live_server.client.delete(path, headers=other.account.headers)).status_code == 404


async def test_a_deleted_stream_stops_is_kept_and_billed_as_an_estimate(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator, after=5)
    async with chat.stream("Stop me", model=WITHOUT_REASONING) as events:
        await events.until("token")
        stream_id = events.seen[0]["data"]["stream_id"]
        path = f"/api/ai/v4/chat/stream/{stream_id}"
        deleted = await chat.served.client.delete(path, headers=chat.account.headers)
        assert deleted.status_code == 202
        done = await events.until("done")
    await eventually(lambda: simulator.calls()["active"] == 0)
    assert (done["data"]["finish_reason"], done["data"]["usage_estimated"]) == ("cancelled", True)
    [record] = await records(chat, database)
    assert (record["outcome"], record["estimated"]) == ("cancelled", True)
    assert record["cost"] == pico(done["data"]["cost"]) > 0
    stored = await chat.messages(done["data"]["conversation_id"])
    assert (stored[1]["status"], stored[1]["content"]) == ("interrupted", events.text())


async def test_a_stream_without_a_reader_ends_after_its_grace(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator, after=3)
    async with chat.stream("Nobody listens") as events:
        await events.until("token")
    await eventually(lambda: simulator.calls()["cancelled"] == 1, 10)

    async def settled() -> bool:
        return [record["outcome"] for record in await records(chat, database)] == ["cancelled"]

    await eventually(settled)


async def test_a_failure_before_the_first_token_is_an_http_status(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "400")
    async with chat.stream("Never begins") as events:
        assert events.response.status_code == 502
        problem = await events.response.aread()
    assert b"upstream_error" in problem


@pytest.mark.parametrize("fault", ["cut", "stream-error", "early-stop"])
async def test_a_failure_after_the_first_token_is_an_error_event_and_the_part_is_kept_and_billed(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase, fault: str
) -> None:
    program(simulator, fault, after=4)
    async with chat.stream("Breaks off", model=WITHOUT_REASONING) as events:
        seen = await events.rest()
    assert [event["event"] for event in seen[:1] + seen[-1:]] == ["metadata", "error"]
    assert seen[-1]["data"]["code"] == "upstream_error"
    stored = await chat.messages(seen[0]["data"]["conversation_id"])
    assert (stored[1]["status"], stored[1]["content"]) == ("interrupted", events.text())
    [record] = await records(chat, database)
    assert (record["outcome"], record["estimated"]) == ("failed", True)
    assert record["cost"] > 0
    assert simulator.calls()["started"] == 1


async def test_identical_streams_share_one_call(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator, after=3)
    async with chat.stream("Shared stream") as leader:
        await leader.until("token")
        async with chat.stream("Shared stream") as follower:
            await follower.until("token")
            open_gate(simulator)
            first, second = await asyncio.gather(leader.rest(), follower.rest())
    assert leader.text() == follower.text()
    assert (second[-1]["data"]["cost"], second[-1]["data"]["cache"]["layer"]) == ("0", "coalesced")
    assert simulator.calls()["started"] == 1
    [record] = await records(chat, database)
    assert record["cost"] == pico(first[-1]["data"]["cost"])


async def test_a_team_streams_every_agent_then_the_synthesis(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    async with chat.stream("Plan a bridge", mode="multi-agent", agents=["dev", "sage"]) as events:
        seen = await events.rest()
    done = seen[-1]["data"]
    finished = {event["data"]["agent_type"]: event["data"] for event in seen if event["event"] == "agent_done"}
    assert set(finished) == {"dev", "sage"}
    assert {agent: events.text(agent) for agent in finished} == {
        agent: response["response"] for agent, response in finished.items()
    }
    stored = await chat.messages(done["conversation_id"])
    assert stored[1]["content"] == events.text()
    assert sum(record["cost"] for record in await records(chat, database)) == pico(done["total_cost"])


async def test_stopping_a_team_keeps_and_bills_every_part(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator, after=3)
    async with chat.stream("Stop all", mode="multi-agent") as events:
        await events.until("token")
        await eventually(lambda: held(simulator) == 5)
        stream_id = events.seen[0]["data"]["stream_id"]
        await chat.served.client.delete(f"/api/ai/v4/chat/stream/{stream_id}", headers=chat.account.headers)
        done = await events.until("done")
    await eventually(lambda: simulator.calls()["active"] == 0)
    billed = await records(chat, database)
    assert [record["outcome"] for record in billed] == ["cancelled"] * 5
    assert sum(record["cost"] for record in billed) == pico(done["data"]["total_cost"])


async def test_a_client_that_leaves_a_plain_request_closes_the_upstream_call(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator)
    asking = asyncio.create_task(chat.ask("Leaving", use_cache=False))
    await eventually(lambda: held(simulator) == 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await eventually(lambda: simulator.calls()["cancelled"] == 1, 1.0)

    async def settled() -> bool:
        return [(record["outcome"], record["estimated"]) for record in await records(chat, database)] == [
            ("cancelled", True)
        ]

    await eventually(settled)


async def test_a_message_never_travels_in_a_url(chat: Chat, simulator: SimulatorHandle) -> None:
    async with chat.stream("A platypus in a body") as events:
        await events.rest()
    assert asked(simulator)[-1]["request"]["messages"][-1]["content"] == "A platypus in a body"
    assert chat.served.log
    assert "platypus" not in chat.served.log.read_text()


async def test_a_page_that_is_loaded_again_before_the_first_token_finds_its_answer_under_its_key(
    chat: Chat, simulator: SimulatorHandle, database: ScalableDatabase
) -> None:
    close_gate(simulator)
    leaving = asyncio.create_task(chat.post("chat/stream", key="reload", message="Only once", use_cache=False))
    await eventually(lambda: held(simulator) == 1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    again = asyncio.create_task(chat.post("chat/stream", key="reload", message="Only once", use_cache=False))
    open_gate(simulator)
    answer = await again
    assert "event: done" in answer.text
    assert answer.headers["idempotency-replayed"] == "true"
    assert simulator.calls()["started"] == 1
    assert [record["outcome"] for record in await records(chat, database)] == ["ok"]
    listed = await chat.get("/api/conversations")
    assert [row["message_count"] for row in listed["items"]] == [2]
