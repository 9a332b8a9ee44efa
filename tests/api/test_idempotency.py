"""Idempotency-Key: one request a key, replayed for whoever repeats it."""

import asyncio

import pytest

from tests.servers import SimulatorHandle
from tests.support.application import Served
from tests.support.chat import Chat, close_gate, held, ledger, open_gate, program
from tests.support.waiting import eventually


@pytest.mark.parametrize("path", ["chat/optimized", "chat/quick", "chat/multi-agent"])
async def test_the_same_key_and_body_replay_the_stored_answer(
    chat: Chat, simulator: SimulatorHandle, path: str
) -> None:
    first = await chat.post(path, key="k1", message="Only once")
    calls = simulator.calls()["started"]
    again = await chat.post(path, key="k1", message="Only once")
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert simulator.calls()["started"] == calls
    listed = await chat.get("/api/conversations")
    assert len(listed["items"]) == 1


async def test_the_same_key_with_another_body_is_refused(chat: Chat) -> None:
    await chat.post("chat/quick", key="k2", message="One")
    answer = await chat.post("chat/quick", key="k2", message="Two")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


async def test_the_same_key_on_another_path_is_refused(chat: Chat) -> None:
    await chat.post("chat/quick", key="k3", message="One")
    answer = await chat.post("chat/optimized", key="k3", message="One")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


async def test_a_repetition_waits_for_the_request_that_is_under_way(chat: Chat, simulator: SimulatorHandle) -> None:
    close_gate(simulator)
    first = asyncio.create_task(chat.post("chat/optimized", key="k4", message="Wait", use_cache=False))
    await eventually(lambda: held(simulator) == 1)
    second = asyncio.create_task(chat.post("chat/optimized", key="k4", message="Wait", use_cache=False))
    assert chat.served.services
    keys = chat.served.services.database.collection("idempotency_keys")
    await eventually(lambda: _is_one(keys))
    open_gate(simulator)
    answers = await asyncio.gather(first, second)
    assert answers[0].json() == answers[1].json()
    assert simulator.calls()["started"] == 1


async def _is_one(keys: object) -> bool:
    return bool(await keys.count_documents({}) == 1)  # type: ignore[attr-defined]


async def test_a_failure_frees_the_key(chat: Chat, simulator: SimulatorHandle) -> None:
    program(simulator, "400", count=1)
    failed = await chat.post("chat/optimized", key="k5", message="Second time lucky")
    assert failed.status_code == 502
    answer = await chat.post("chat/optimized", key="k5", message="Second time lucky")
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer.headers


async def test_another_users_key_is_another_key(app_client: Served, chat: Chat, simulator: SimulatorHandle) -> None:
    await chat.post("chat/quick", key="k6", message="Mine")
    other = Chat(app_client, await app_client.new_user())
    assert "Idempotency-Replayed" not in (await other.post("chat/quick", key="k6", message="Mine")).headers
    assert simulator.calls()["started"] == 2


async def test_a_replayed_stream_is_the_same_stream(chat: Chat, simulator: SimulatorHandle) -> None:
    first = await chat.post("chat/stream", key="k7", message="Stream once")
    again = await chat.post("chat/stream", key="k7", message="Stream once")
    assert again.text == first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert simulator.calls()["started"] == 1
    assert chat.served.services
    assert len(await ledger(chat.served.services.database, chat.account.id)) == 1
