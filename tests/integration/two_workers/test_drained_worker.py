"""SIGTERM of a worker that has work: it finishes within the drain, or ends it so that nothing is left open."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from backend.config import Settings
from tests.servers import SimulatorHandle
from tests.support.application import WorkerProcess
from tests.support.chat import Chat, close_gate, held, open_gate, pico
from tests.support.waiting import eventually
from tests.support.workers import Workers

WITHOUT_REASONING = "qwen/qwen3.6-27b"
"""The simulator's first tokens of this model are text already."""


class Drained(Protocol):
    def __call__(self, drain_s: float) -> AbstractAsyncContextManager[tuple[WorkerProcess, Chat, Chat]]: ...


@pytest.fixture
def third(workers: Workers, shared_settings: Settings, tmp_path: Path) -> Drained:
    """third(drain_s): a worker to be ended, and a user on it and on another one."""

    @asynccontextmanager
    async def start(drain_s: float) -> AsyncIterator[tuple[WorkerProcess, Chat, Chat]]:
        _, elsewhere = await workers.user()
        process = WorkerProcess(
            shared_settings.model_copy(update={"drain": drain_s, "stream_grace": 60.0}), tmp_path / "third.log"
        )
        try:
            async with process.client() as served:
                yield process, Chat(served, elsewhere.account), elsewhere
        finally:
            await asyncio.to_thread(process.stop)

    return start


async def refuses_connections(chat: Chat) -> bool:
    try:
        async with httpx.AsyncClient(base_url=chat.served.client.base_url) as fresh:
            await fresh.get("/api/health/live")
    except httpx.TransportError:
        return True
    return False


async def test_what_is_under_way_finishes_within_the_drain(
    workers: Workers, simulator: SimulatorHandle, third: Drained
) -> None:
    async with third(20.0) as (process, here, elsewhere):
        close_gate(simulator, after=3)
        async with here.stream("Finish me", model=WITHOUT_REASONING) as events:
            await events.until("token")
            asking = asyncio.create_task(here.ask("Answer me"))
            together = asyncio.create_task(here.ask("Meet about me", "chat/multi-agent", agents=["dev", "sage"]))
            await eventually(lambda: held(simulator) == 4)
            process.send(signal.SIGTERM)
            await eventually(lambda: refuses_connections(here))
            open_gate(simulator)
            [*_, done] = await events.rest()
            reply, merged = await asyncio.gather(asking, together)
        assert await process.ended() == 0
    assert done["event"] == "done"
    answers = await workers.stored("messages", elsewhere, role="assistant")
    assert {answer["status"] for answer in answers} == {"complete"}
    assert {answer["message_id"] for answer in answers} == {
        reply["message_id"],
        merged["message_id"],
        done["data"]["message_id"],
    }
    costs = [pico(cost) for cost in (reply["cost"], merged["total_cost"], done["data"]["cost"])]
    assert sum(record["cost"] for record in await workers.stored("ai_usage", elsewhere)) == sum(costs)
    async with elsewhere.resume(events.seen[0]["data"]["stream_id"]) as again:
        assert await again.rest() == events.seen


async def test_what_outlasts_the_drain_is_ended_kept_and_billed(
    workers: Workers, simulator: SimulatorHandle, third: Drained
) -> None:
    async with third(1.0) as (process, here, elsewhere):
        close_gate(simulator, after=3)
        async with here.stream("Never finished", model=WITHOUT_REASONING) as events:
            await events.until("token")
            asking = asyncio.create_task(here.post("chat/optimized", message="Never answered"))
            together = asyncio.create_task(here.post("chat/multi-agent", message="Never met", agents=["dev", "sage"]))
            await eventually(lambda: held(simulator) == 4)
            process.send(signal.SIGTERM)
            endings = await asyncio.gather(asking, together, return_exceptions=True)
            with suppress(httpx.TransportError):  # cut where it waits for more: it may be resumed elsewhere
                await events.rest()
        assert await process.ended() == 0
    for answer in endings:
        assert isinstance(answer, httpx.TransportError) or (
            isinstance(answer, httpx.Response) and answer.is_server_error
        )
    await eventually(lambda: simulator.calls()["active"] == 0)
    assert await workers.stored("messages", elsewhere, status="pending") == []
    answers = await workers.stored("messages", elsewhere, role="assistant")
    assert len(answers) == 3
    assert {answer["status"] for answer in answers} <= {"interrupted", "failed"}
    records = await workers.stored("ai_usage", elsewhere)
    assert [(record["outcome"], record["estimated"]) for record in records] == [("cancelled", True)] * 4
    async with elsewhere.resume(events.seen[0]["data"]["stream_id"]) as again:
        [*_, last] = await again.rest()
    assert (last["event"], last["data"]["finish_reason"]) == ("done", "cancelled")
    [stored] = [answer for answer in answers if answer["message_id"] == last["data"]["message_id"]]
    assert (stored["content"], stored["receipt"]) == (again.text(), last["data"])
    assert again.text().startswith(events.text())
    [record] = [record for record in records if record["request_id"] == stored["request_id"]]
    assert record["cost"] == pico(last["data"]["cost"])
