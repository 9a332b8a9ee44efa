"""What happens on one worker is told to the streams of the other within a second; a worker that ends ends its own."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.config import Settings
from tests.support.application import WorkerProcess
from tests.support.chat import Chat, Events
from tests.support.workers import Workers

WITHIN_S = 1.0


@asynccontextmanager
async def listening(chat: Chat) -> AsyncIterator[Events]:
    async with chat.served.client.stream("GET", "/api/events", headers=chat.account.headers) as response:
        events = Events(response)
        await events.until("ready")
        yield events


async def test_a_change_on_one_worker_is_heard_on_the_other_within_a_second(workers: Workers) -> None:
    on_a, on_b = await workers.user()
    conversation_id = (await on_a.ask("What is a monad?", "chat/quick"))["conversation_id"]
    async with listening(on_b) as events:
        path = f"/api/conversations/{conversation_id}"
        answer = await on_a.served.client.patch(path, headers=on_a.account.headers, json={"title": "Monads"})
        answer.raise_for_status()
        changed_at = time.monotonic()
        async with asyncio.timeout(10):
            event = await events.until("conversation_changed")
        assert time.monotonic() - changed_at < WITHIN_S
        assert event["data"] == {"conversation_id": conversation_id}
        reply = await on_a.ask("What is a functor?", "chat/quick")
        async with asyncio.timeout(WITHIN_S):
            while (await events.until("message_added"))["data"]["message_id"] != reply["message_id"]:
                pass


async def test_a_worker_that_ends_does_not_wait_for_readers(
    workers: Workers, shared_settings: Settings, tmp_path: Path
) -> None:
    _, elsewhere = await workers.user()
    process = WorkerProcess(shared_settings.model_copy(update={"drain": 20.0}), tmp_path / "third.log")
    try:
        async with process.client() as served, listening(Chat(served, elsewhere.account)) as events:
            process.send(signal.SIGTERM)
            async with asyncio.timeout(5):
                assert [event["event"] for event in await events.rest()] == ["ready"]
        assert await process.ended(10.0) == 0
    finally:
        await asyncio.to_thread(process.stop)
