"""Two workers of one application, each on a port of its own, so that a test chooses who answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.config import Settings
from backend.services.scalable_database import ScalableDatabase
from backend.wiring.preparation import prepare
from tests.support.application import Served, WorkerProcess
from tests.support.chat import Chat
from tests.support.database.opening import opened
from tests.support.waiting import eventually

Json = dict[str, Any]
Processes = tuple[WorkerProcess, WorkerProcess]


@contextmanager
def one_process(settings: Settings, folder: Path, **environment: str) -> Iterator[WorkerProcess]:
    """environment: beyond what the settings say."""
    asyncio.run(prepare(settings))
    worker = WorkerProcess(settings, folder / "worker.log", **environment)
    try:
        yield worker
    finally:
        worker.stop()


@contextmanager
def two_processes(settings: Settings, folder: Path) -> Iterator[Processes]:
    """Their figures come together in one folder, as under the launcher."""
    asyncio.run(prepare(settings))
    metrics = folder / "metrics"
    metrics.mkdir()
    with ExitStack() as stack:
        workers = [
            WorkerProcess(settings, folder / f"{name}.log", PROMETHEUS_MULTIPROC_DIR=str(metrics)) for name in "ab"
        ]
        for worker in workers:
            stack.callback(worker.stop)
        yield workers[0], workers[1]


@dataclass(frozen=True, slots=True)
class Workers:
    """a and b: the workers. database: what they have stored."""

    a: Served
    b: Served
    database: ScalableDatabase

    async def user(self) -> tuple[Chat, Chat]:
        """A new account, on a and on b."""
        account = await self.a.new_user()
        return Chat(self.a, account), Chat(self.b, account)

    async def stored(self, collection: str, user: Chat, **where: object) -> list[Json]:
        """The user's documents, oldest first."""
        query = {"user_id": user.account.id, **where}
        return await self.database.collection(collection).find(query, sort=[("_id", 1)]).to_list(None)

    async def open_turns(self, user: Chat, count: int) -> None:
        """Returns as soon as the user has so many turns under way."""

        async def reached() -> bool:
            return len(await self.stored("messages", user, status="pending")) == count

        await eventually(reached, 15)

    async def settled(self, user: Chat) -> None:
        """Returns when every turn of the user is closed."""
        await self.open_turns(user, 0)


@asynccontextmanager
async def connected(processes: Processes) -> AsyncIterator[Workers]:
    settings = processes[0].settings
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        a, b = [await enter(process.client()) for process in processes]
        yield Workers(a, b, await enter(opened(settings.mongo_url.get_secret_value(), settings.mongo_db)))
