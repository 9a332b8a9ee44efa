"""kill -9 of a worker under load: what was answered is stored, what was consumed is in the ledger, nothing twice."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from backend.config import Settings
from tests.servers import SimulatorHandle
from tests.support.application import WorkerProcess
from tests.support.chat import Chat, Json, asked, close_gate, held, open_gate, pico, program
from tests.support.database.opening import started
from tests.support.waiting import eventually
from tests.support.workers import Workers

REQUESTS, AT_ONCE = 60, 16
ANSWERED_FIRST = 8
HELD = "(held)"
HELD_CALLS = 5  # of a question, of two agents, of a stream, and of the question that is asked on both workers
LONG_AFTER = timedelta(hours=1)


@pytest.fixture
async def victim(workers: Workers, shared_settings: Settings, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A third worker, to be killed."""
    process = WorkerProcess(shared_settings.model_copy(update={"deadline": 20.0}), tmp_path / "victim.log")
    yield process
    await asyncio.to_thread(process.stop)


@dataclass
class Load:
    """Mixed requests. replies: what clients received in full, with its text, by request id."""

    replies: dict[str, tuple[str, Json]] = field(default_factory=dict)
    broken: int = 0

    async def send(self, chat: Chat, kind: str, message: str) -> None:
        try:
            text, reply = await self._ask(chat, kind, message)
        except httpx.TransportError:
            self.broken += 1
        else:
            self.replies[reply["request_id"]] = text, reply

    async def _ask(self, chat: Chat, kind: str, message: str) -> tuple[str, Json]:
        if kind == "stream":
            async with chat.stream(message) as events:
                seen = await events.rest()
            if seen[-1]["event"] != "done":
                raise httpx.ReadError("the stream ended early")
            return events.text(), seen[-1]["data"]
        if kind == "team":
            reply = await chat.ask(message, "chat/multi-agent", agents=["dev", "sage"])
            return reply["synthesized_response"], reply
        reply = await chat.ask(message)
        return reply["content"], reply


def cost_of(receipt: Json) -> int:
    return pico(receipt.get("total_cost") or receipt["cost"])


async def test_nothing_is_lost_and_nothing_counts_twice(
    workers: Workers, victim: WorkerProcess, simulator: SimulatorHandle
) -> None:
    _, survivor = await workers.user()
    simulator.control.post("/requests", json={"keep": 1000}).raise_for_status()
    program(simulator, "slow-first-token", seconds=0.1)
    close_gate(simulator, after=2, contains=HELD)
    load = Load()
    async with victim.client() as served, asyncio.TaskGroup() as group:
        doomed = Chat(served, survivor.account)
        for kind in ("optimized", "team", "stream"):
            group.create_task(load.send(doomed, kind, f"A {kind} {HELD}"))
        group.create_task(load.send(doomed, "optimized", f"On both {HELD}"))
        await eventually(lambda: held(simulator) == HELD_CALLS)
        group.create_task(load.send(survivor, "optimized", f"On both {HELD}"))
        group.create_task(mixed(load, doomed, survivor))
        await eventually(lambda: len(load.replies) >= ANSWERED_FIRST, 20)
        victim.send(signal.SIGKILL)
        assert await victim.ended() == -signal.SIGKILL
        await eventually(lambda: held(simulator) == 0)
        open_gate(simulator)
    assert load.broken >= 4
    assert len(load.replies) >= REQUESTS // 2 + 1
    await assert_swept_once(workers, survivor)
    await assert_stored_once(workers, survivor, load)
    await assert_every_call_accounted_for(workers, survivor, simulator)


async def mixed(load: Load, *chats: Chat) -> None:
    """REQUESTS of all kinds, AT_ONCE at a time, in turn to each worker."""
    kinds = ("optimized", "stream", "team", "optimized")
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            kind = kinds[number // len(chats) % len(kinds)]
            await load.send(chats[number % len(chats)], kind, f"Question <{number}>")

    await asyncio.gather(*(one(number) for number in range(REQUESTS)))


async def assert_swept_once(workers: Workers, user: Chat) -> None:
    """Everything that the killed worker left open is marked, by the first sweep after its time."""
    left = await workers.stored("messages", user, status="pending")
    assert len(left) >= 4
    async with started(workers.database) as log:
        assert await log.sweep(workers.database.now()) == 0
        later = workers.database.now() + LONG_AFTER
        assert await log.sweep(later) == len(left)
        assert await log.sweep(later) == 0
    for message in left:
        [marked] = await workers.stored("messages", user, message_id=message["message_id"])
        assert (marked["status"], marked["unsettled"]) == ("interrupted", True)
        [record] = await workers.stored("ai_usage", user, request_id=message["request_id"])
        assert (record["outcome"], record["cost"]) == ("unsettled", None)


async def assert_stored_once(workers: Workers, user: Chat, load: Load) -> None:
    answers = await workers.stored("messages", user, role="assistant")
    questions = await workers.stored("messages", user, role="user")
    by_request = {answer["request_id"]: answer for answer in answers}
    assert len(by_request) == len(answers) == len(questions) == len({q["request_id"] for q in questions})
    assert set(load.replies) <= set(by_request)
    billed: dict[str, int] = defaultdict(int)
    for record in await workers.stored("ai_usage", user):
        billed[record["request_id"]] += record["cost"] or 0
    for request_id, (text, reply) in load.replies.items():
        answer = by_request[request_id]
        assert (answer["message_id"], answer["status"], answer["content"]) == (reply["message_id"], "complete", text)
        assert answer["receipt"]["timestamp"] == reply["timestamp"]
        assert billed[request_id] == cost_of(reply)
    unreceived = [answer for request_id, answer in by_request.items() if request_id not in load.replies]
    settled = [answer for answer in unreceived if not answer.get("unsettled")]
    assert {answer["status"] for answer in settled} <= {"complete"}
    receipts = [reply for _, reply in load.replies.values()] + [answer["receipt"] for answer in settled]
    total = sum(billed.values())
    assert total == sum(map(cost_of, receipts)) > 0
    assert sum(day.get("cost", 0) for day in await workers.stored("usage_daily", user)) == total


async def assert_every_call_accounted_for(workers: Workers, user: Chat, simulator: SimulatorHandle) -> None:
    """Every call's question was stored first, and every finished call is in the ledger or belongs to an open turn."""
    await eventually(lambda: simulator.calls()["active"] == 0)
    questions = {q["request_id"]: q["content"] for q in await workers.stored("messages", user, role="user")}
    answered: dict[str, int] = dict.fromkeys(questions.values(), 0)
    unsettled: set[str] = set()
    for record in await workers.stored("ai_usage", user):
        question = questions[record["request_id"]]
        if record["outcome"] == "unsettled":
            unsettled.add(question)
        else:
            assert record["outcome"] == "ok"
            answered[question] += 1
    finished: dict[str, int] = dict.fromkeys(answered, 0)
    for call in asked(simulator):
        [question] = [known for known in answered if known in call["request"]["messages"][-1]["content"]]
        finished[question] += call["outcome"] == "finished"
    assert {q: count for q, count in finished.items() if q not in unsettled} == {
        q: count for q, count in answered.items() if q not in unsettled
    }
    assert all(finished[question] >= answered[question] for question in unsettled)
    assert answered[f"On both {HELD}"] == 1  # the survivor took it over
    assert simulator.calls()["finished"] == sum(finished.values())


async def test_readers_on_other_workers_are_told_that_the_stream_is_interrupted(
    workers: Workers, victim: WorkerProcess, simulator: SimulatorHandle
) -> None:
    _, survivor = await workers.user()
    close_gate(simulator, after=4)
    async with victim.client() as served, Chat(served, survivor.account).stream("Who will end this?") as events:
        await events.until("token")
        async with survivor.resume(events.seen[0]["data"]["stream_id"]) as elsewhere:
            await elsewhere.until("token")
            victim.send(signal.SIGKILL)
            await victim.ended()
            [*_, last] = await elsewhere.rest()
            with pytest.raises(httpx.TransportError):
                await events.rest()
    assert (last["event"], last["data"]["code"]) == ("error", "stream_interrupted")
