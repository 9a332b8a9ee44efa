"""How many MongoDB commands each route needs: the same with one document as with many (no N+1 anywhere)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from backend.services.scalable_database import CommandEvent
from backend.services.services import Services
from tests.support.application import Account, Served
from tests.support.openapi import operations

pytestmark = pytest.mark.shared_database

MANY = 12
BACKGROUND = {"metrics", "leases", "alerts", "migrations", "mail_requests", "controls", "routing_traffic"}
"""Collections of the monitor and of housekeeping, which work on their own."""
INDEXING = {"listIndexes", "createIndexes"}
"""Commands of the start-up's task, which may still be under way."""

ASKED = {"/api/conversations/search": "?q=monad"}
"""What a route does not answer without."""

Call = Callable[[], Awaitable[httpx.Response]]


async def nothing() -> None:
    return None


class Counter:
    """Counts commands. A ping marks the end: the driver reports in order, so all before it are in."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = services.database
        self._seen: list[tuple[str, str]] = []
        self._pinged = asyncio.Event()
        record = services.monitor.record_database

        def note(event: CommandEvent) -> None:
            record(event)
            if event.command == "ping":
                self._pinged.set()
            elif event.collection not in BACKGROUND and event.command not in INDEXING:
                self._seen.append((event.command, event.collection))

        monkeypatch.setattr(services.monitor, "record_database", note)
        monkeypatch.setattr(services.audit, "flush", nothing)  # in the background, whenever it comes

    async def settled(self) -> None:
        self._pinged.clear()
        await self._database.ping()
        async with asyncio.timeout(5):
            await self._pinged.wait()

    async def commands_of(self, call: Call) -> list[tuple[str, str]]:
        await self.settled()
        self._seen.clear()
        response = await call()
        assert response.status_code < 300, response.text
        await self.settled()
        return sorted(self._seen)


@pytest.fixture
def counter(app_client: Served, monkeypatch: pytest.MonkeyPatch) -> Counter:
    assert app_client.services is not None
    return Counter(app_client.services, monkeypatch)


class Calls:
    """The calls that are measured, as one user, in one conversation."""

    def __init__(self, served: Served, account: Account, admin: Account) -> None:
        self._served = served
        self._account = account
        self._admin = admin
        self.conversation = ""

    async def chat(self, path: str, **fields: object) -> httpx.Response:
        body = {"message": "What is a monad?", **fields}
        return await self._served.client.post(f"/api/ai/v4/chat/{path}", headers=self._account.headers, json=body)

    async def get(self, path: str) -> httpx.Response:
        response = await self._served.client.get(path, headers=self._account.headers)
        if response.status_code == 403:
            response = await self._served.client.get(path, headers=self._admin.headers)
        return response

    async def grow(self, turns: int) -> None:
        """More turns in the conversation, and as many other conversations."""
        for _ in range(turns):
            for conversation in (self.conversation, ""):
                fields = {"conversation_id": conversation} if conversation else {}
                (await self.chat("quick", **fields)).raise_for_status()

    async def begin(self) -> None:
        self.conversation = (await self.chat("quick")).json()["conversation_id"]

    async def measured(self) -> dict[str, Call]:
        document = (await self._served.client.get("/openapi.json")).json()
        plain = [
            operation.path
            for operation in operations(document)
            if operation.method == "GET" and "{" not in operation.path and 302 not in operation.statuses
        ]
        assert {"/api/conversations", "/api/ai/v4/analytics/user", "/api/auth/me"} <= set(plain)
        paths = [*plain, f"/api/conversations/{self.conversation}/messages", "/api/conversations?limit=100"]
        calls: dict[str, Call] = {
            path: lambda path=path: self.get(path + ASKED.get(path, ""))  # type: ignore[misc]
            for path in paths
        }
        for path in ("quick", "optimized", "multi-agent", "stream"):
            fields: dict[str, Any] = {"conversation_id": self.conversation}
            if path != "quick":
                fields["use_cache"] = False
            calls[f"chat/{path}"] = lambda path=path, fields=fields: self.chat(path, **fields)  # type: ignore[misc]
        calls["chat/estimate"] = lambda: self.chat("estimate", conversation_id=self.conversation)
        return calls


async def test_no_route_needs_more_commands_where_there_is_more_data(
    app_client: Served, user: Account, admin: Account, counter: Counter
) -> None:
    calls = Calls(app_client, user, admin)
    await calls.begin()
    measured = await calls.measured()
    for call in measured.values():
        await call()  # what is cached on first use is cached now
    few = {name: await counter.commands_of(call) for name, call in measured.items()}
    await calls.grow(MANY)
    many = {name: await counter.commands_of(call) for name, call in measured.items()}
    assert many == few
    assert few["/api/conversations"] == [("find", "conversations")]
    assert all(len(commands) < 20 for commands in few.values()), few
