"""GET /api/events: what a user's other devices hear, from a worker process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from backend.config import Settings
from tests.support.api_keys import make_key
from tests.support.application import Account, Served, serve, serve_process
from tests.support.chat import Chat, Events, Json

WITHIN_S = 10.0
EVENTS = "/api/events"


@pytest.fixture
async def worker(app_settings: Settings, tmp_path: Path) -> AsyncIterator[Served]:
    """Its streams of updates last."""
    lasting = app_settings.model_copy(update={"events_lifetime": 60.0, "max_event_streams": 30})
    async with serve_process(lasting, tmp_path / "worker.log") as served:
        yield served


@asynccontextmanager
async def listening(served: Served, account: Account) -> AsyncIterator[Events]:
    async with served.client.stream("GET", EVENTS, headers=account.headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        events = Events(response)
        assert (await events.next()) == {"event": "ready", "data": {}}
        yield events


async def heard(events: Events, count: int) -> list[tuple[str, Json]]:
    async with asyncio.timeout(WITHIN_S):
        found = [await events.next() for _ in range(count)]
    return [(event["event"], event["data"]) for event in found if event]


async def test_every_change_is_told_and_says_what_to_read_anew(worker: Served) -> None:
    account = await worker.new_user()
    chat = Chat(worker, account)

    async def call(method: str, path: str, **body: object) -> None:
        answer = await worker.client.request(method, path, headers=account.headers, json=body or None)
        assert answer.is_success, answer.text

    async with listening(worker, account) as events:
        reply = await chat.ask("How do I reverse a list in Python?")
        answer, conversation_id = reply["message_id"], reply["conversation_id"]
        conversation = {"conversation_id": conversation_id}
        question = (await chat.messages(conversation_id))[0]["id"]
        assert await heard(events, 2) == [
            ("message_added", {**conversation, "message_id": question}),
            ("message_added", {**conversation, "message_id": answer}),
        ]
        path = f"/api/conversations/{conversation_id}"
        steps: list[tuple[Callable[[], Awaitable[None]], str, Json]] = [
            (lambda: call("PATCH", path, title="Lists"), "conversation_changed", conversation),
            (
                lambda: call("PUT", f"/api/messages/{answer}/feedback", rating="up"),
                "feedback_changed",
                {**conversation, "message_id": answer},
            ),
            (
                lambda: call("DELETE", f"/api/messages/{answer}/feedback"),
                "feedback_changed",
                {**conversation, "message_id": answer},
            ),
            (lambda: call("DELETE", path), "conversation_deleted", conversation),
            (lambda: call("POST", f"{path}/restore"), "conversation_changed", conversation),
            (lambda: call("POST", "/api/folders", name="Plans"), "folders_changed", {}),
            (
                lambda: call("POST", "/api/conversations/import", format="aether", conversations=[]),
                "resync",
                {},
            ),
        ]
        for step, name, data in steps:
            await step()
            assert await heard(events, 1) == [(name, data)]


async def test_nobody_hears_of_other_people(worker: Served) -> None:
    ada, eve = [await worker.new_user() for _ in range(2)]
    async with listening(worker, ada) as events:
        await Chat(worker, eve).ask("What is a monad?", "chat/quick")
        own = await Chat(worker, ada).ask("What is a functor?", "chat/quick")
        found = await heard(events, 2)
    assert {data["conversation_id"] for _, data in found} == {own["conversation_id"]}


async def test_an_ended_sign_in_hears_nothing_more(worker: Served) -> None:
    account = await worker.new_user()
    elsewhere = await worker.sign_in(account.email)
    async with listening(worker, account) as events:
        (await worker.client.post("/api/auth/logout", headers=account.headers)).raise_for_status()
        await Chat(worker, elsewhere).ask("What is a monad?", "chat/quick")
        async with asyncio.timeout(WITHIN_S):
            assert [event["event"] for event in await events.rest()] == ["ready"]


async def test_streams_have_places_of_their_own(worker: Served) -> None:
    accounts = [await worker.new_user() for _ in range(2)]
    async with AsyncExitStack() as stack:
        for account in (accounts[0], accounts[1]):
            for _ in range(15):
                await stack.enter_async_context(listening(worker, account))
        full = await worker.client.get(EVENTS, headers=accounts[0].headers)
        assert (full.status_code, full.json()["code"]) == (503, "overloaded")
        await Chat(worker, accounts[0]).ask("What is a monad?", "chat/quick")


async def test_they_are_for_people(worker: Served) -> None:
    key = await make_key(worker, await worker.new_user(), scopes=["conversations:read"])
    refused = await worker.client.get(EVENTS, headers={"Authorization": f"Bearer {key['key']}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "sign_in_required")


async def test_a_stream_ends_after_its_lifetime(app_settings: Settings) -> None:
    async with serve(app_settings) as served:
        account = await served.new_user()
        async with asyncio.timeout(WITHIN_S):
            answer = await served.client.get(EVENTS, headers=account.headers)
    assert answer.text.startswith("event: ready\ndata: {}\n\n")
    assert answer.headers["cache-control"] == "no-store"
