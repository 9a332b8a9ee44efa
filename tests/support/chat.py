"""Chatting in tests: requests, streams of events, and what the ledger holds of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from backend.domain.usage import parse_usd
from backend.services.scalable_database import ScalableDatabase
from tests.servers import SimulatorHandle
from tests.support.application import Account, Served

API = "/api/ai/v4"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chat:
    """One account's conversation with one server."""

    served: Served
    account: Account

    async def post(self, path: str, *, key: str | None = None, **body: object) -> httpx.Response:
        return await self._send(path, body, {"Idempotency-Key": key} if key else {})

    async def _send(self, path: str, body: Json, headers: dict[str, str]) -> httpx.Response:
        return await self.served.client.post(f"{API}/{path}", json=body, headers=self.account.headers | headers)

    async def ask(self, message: str, path: str = "chat/optimized", **body: object) -> Json:
        answer = await self._send(path, {"message": message, **body}, {})
        assert answer.status_code == 200, answer.text
        reply: Json = answer.json()
        return reply

    async def get(self, path: str) -> Json:
        answer = await self.served.client.get(path, headers=self.account.headers)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def messages(self, conversation_id: str) -> list[Json]:
        found = await self.get(f"/api/conversations/{conversation_id}/messages")
        items: list[Json] = found["items"]
        return items

    @asynccontextmanager
    async def stream(self, message: str, **body: object) -> AsyncIterator["Events"]:
        request = self.served.client.stream(
            "POST", f"{API}/chat/stream", json={"message": message, **body}, headers=self.account.headers
        )
        async with request as response:
            yield Events(response)

    @asynccontextmanager
    async def resume(self, stream_id: str, after: int | None = None) -> AsyncIterator["Events"]:
        headers = self.account.headers | ({} if after is None else {"Last-Event-ID": str(after)})
        async with self.served.client.stream("GET", f"{API}/chat/stream/{stream_id}", headers=headers) as response:
            yield Events(response)


@dataclass(slots=True)
class Events:
    """The server-sent events of a response; seen: all that have been read."""

    response: httpx.Response
    seen: list[Json] = field(default_factory=list)
    _lines: AsyncIterator[str] | None = None

    async def next(self) -> Json | None:
        """The next event as {id, event, data}, None at the end."""
        if self._lines is None:
            self._lines = self.response.aiter_lines()
        event: Json = {}
        async for line in self._lines:
            if not line and event:
                self.seen.append(event)
                return event
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                event[name] = int(value) if name == "id" else orjson.loads(value) if name == "data" else value
        return None

    async def until(self, name: str) -> Json:
        """The next event of that name."""
        while (event := await self.next()) is not None:
            if event["event"] == name:
                return event
        raise AssertionError(f"no {name} among {[event['event'] for event in self.seen]}")

    async def rest(self) -> list[Json]:
        """Everything up to the end of the stream, what was read before included."""
        while await self.next() is not None:
            pass
        return self.seen

    def text(self, agent: str | None = None) -> str:
        tokens = (event["data"] for event in self.seen if event["event"] == "token")
        return "".join(token["content"] for token in tokens if token.get("agent") == agent)


async def ledger(database: ScalableDatabase, user_id: str) -> list[Json]:
    """The user's records, oldest first."""
    cursor = database.collection("ai_usage").find({"user_id": user_id}, sort=[("_id", 1)])
    return await cursor.to_list(None)


async def counters(database: ScalableDatabase, user_id: str) -> list[Json]:
    return await database.collection("usage_daily").find({"user_id": user_id}).to_list(None)


def pico(amount: str | None) -> int:
    assert amount is not None, "unpriced"
    return parse_usd(amount)


def program(simulator: SimulatorHandle, fault: str, **fields: object) -> None:
    simulator.control.post("/faults", json={"fault": fault, **fields}).raise_for_status()


def close_gate(simulator: SimulatorHandle, after: int = 0, contains: str = "") -> None:
    simulator.control.post("/gate", json={"after": after, "contains": contains}).raise_for_status()


def open_gate(simulator: SimulatorHandle) -> None:
    simulator.control.post("/gate", json={"open": True}).raise_for_status()


def held(simulator: SimulatorHandle) -> int:
    count: int = simulator.control.get("/gate").raise_for_status().json()["held"]
    return count


def asked(simulator: SimulatorHandle) -> list[Json]:
    """The requests that reached the upstream, oldest first."""
    requests: list[Json] = simulator.control.get("/requests").raise_for_status().json()["requests"]
    return requests
