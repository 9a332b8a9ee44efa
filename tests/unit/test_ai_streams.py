"""Streams on a service without servers: stopped at every moment, relayed, drained, rebuilt from what is stored."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from backend.domain.conversations import Message
from backend.errors import CacheUnavailable, UpstreamError
from backend.services.enhanced_ai_service.stream_events import stored_events
from backend.services.enhanced_ai_service.streams import OpenedStream
from backend.services.llm.scripted import Reply, ScriptedProvider
from tests.support.ai import ADA, Ai, ask, ask_team, decoded, running_ai
from tests.support.waiting import eventually


@pytest.fixture
async def hold() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def ai(hold: asyncio.Event) -> AsyncIterator[Ai]:
    """Its provider says one token, and the rest when the event is set."""
    async with running_ai(ScriptedProvider(Reply(after=1, hold=hold))) as ai:
        yield ai
        hold.set()


def text(events: list[tuple[str, dict[str, Any]]], part: str = "content") -> str:
    return "".join(data.get(part, "") for event, data in events if event == "token")


async def test_a_stream_that_is_stopped_while_its_answer_is_stored_is_done(ai: Ai, hold: asyncio.Event) -> None:
    ai.log.closing.clear()
    opened = await ai.service.open_stream(ask())
    hold.set()
    await eventually(lambda: len(ai.log.closes) == 1)
    await ai.streams.cancel(ADA, opened.stream_id)
    ai.log.closing.set()
    events = await ai.events(opened.stream_id)
    name, receipt = events[-1]
    assert (name, receipt["finish_reason"], text(events)) == ("done", "stop", "Scripted answer.")
    assert (ai.log.statuses, len(ai.log.closes)) == (["complete"], 1)


async def test_a_stream_that_is_stopped_while_its_failure_is_stored_tells_the_failure() -> None:
    provider = ScriptedProvider(Reply(after=1, error=UpstreamError("broke")))
    async with running_ai(provider) as ai:
        ai.log.closing.clear()
        opened = await ai.service.open_stream(ask())
        await eventually(lambda: len(ai.log.closes) == 1)
        await ai.streams.cancel(ADA, opened.stream_id)
        ai.log.closing.set()
        name, problem = (await ai.events(opened.stream_id))[-1]
        assert (name, problem["code"], ai.log.statuses) == ("error", "upstream_error", ["interrupted"])


@pytest.mark.parametrize("team", [False, True])
async def test_at_the_end_of_the_drain_a_stream_is_done_with_what_it_has(ai: Ai, team: bool) -> None:
    opened = await ai.service.open_stream(ask_team() if team else ask())
    await ai.service.close()
    name, receipt = (await ai.events(opened.stream_id))[-1]
    assert (name, receipt["finish_reason"], receipt["usage_estimated"]) == ("done", "cancelled", True)
    assert ai.log.statuses == ["interrupted"]
    assert {call.outcome for call in ai.log.calls} == {"cancelled"}
    assert ai.unsettled == 0


async def test_streams_finish_within_the_drain(hold: asyncio.Event) -> None:
    async with running_ai(ScriptedProvider(Reply(after=1, hold=hold)), drain_s=5.0) as ai:
        opened = await ai.service.open_stream(ask())
        closing = asyncio.ensure_future(ai.service.close())
        hold.set()
        await closing
        assert text(await ai.events(opened.stream_id)) == "Scripted answer."
        assert ai.log.statuses == ["complete"]


async def test_a_second_stream_passes_on_text_and_reasoning_of_the_first(ai: Ai, hold: asyncio.Event) -> None:
    first = await ai.service.open_stream(ask())
    second = await ai.service.open_stream(ask())
    hold.set()
    leader, follower = await ai.events(first.stream_id), await ai.events(second.stream_id)
    assert (text(follower), text(follower, "reasoning")) == (text(leader), text(leader, "reasoning"))
    assert follower[-1][1]["cache"]["layer"] == "coalesced"
    assert [outcome.reasoning for outcome in ai.log.closes] == ["Thinking."] * 2
    assert (ai.provider.started, len(ai.log.calls)) == (1, 1)


async def test_a_leader_that_cannot_be_read_is_not_followed(ai: Ai, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(user_id: str, key: str, stream_id: str) -> str:
        return "str_gone"

    monkeypatch.setattr(ai.streams, "claim", gone)
    opened = await ai.service.open_stream(ask())
    assert ai.provider.started == 1
    await ai.streams.cancel(ADA, opened.stream_id)


async def test_a_stream_that_fails_before_its_first_token_raises(hold: asyncio.Event) -> None:
    async with running_ai(ScriptedProvider(Reply(error=UpstreamError("no")))) as ai:
        with pytest.raises(UpstreamError):
            await ai.service.open_stream(ask())
        assert ai.log.statuses == ["failed"]


async def test_errors_carry_the_correlation_id() -> None:
    async with running_ai(ScriptedProvider(Reply(after=1, error=UpstreamError("no")))) as ai:
        opened = await ai.service.open_stream(ask(correlation_id="corr"))
        assert (await ai.events(opened.stream_id))[-1][1]["correlation_id"] == "corr"


STORED = Message(
    id="msg",
    conversation_id="conv",
    user_id=ADA,
    role="assistant",
    parent_id=None,
    content="Whole.",
    status="complete",
    agent="dev",
    request_id="req",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    receipt={"cost": "0"},
)


def stored(**fields: object) -> Message:
    return replace(STORED, **fields)  # type: ignore[arg-type]


def rebuilt(message: Message) -> list[tuple[str, dict[str, Any]]]:
    return [decoded(event) for event in stored_events("str", message)]


def test_a_stored_answer_is_metadata_text_and_receipt() -> None:
    metadata, token, done = rebuilt(stored(reasoning="Because."))
    assert metadata[1] == {"stream_id": "str", "conversation_id": "conv", "message_id": "msg", "request_id": "req"}
    assert token == ("token", {"content": "Whole.", "reasoning": "Because."})
    assert done == ("done", {"cost": "0"})


def test_a_stored_team_answer_has_each_agents_part() -> None:
    responses = ({"agent_type": "dev", "response": "Code."}, {"agent_type": "sage", "response": None})
    names = [event for event, _ in rebuilt(stored(responses=responses))]
    assert names == ["metadata", "token", "agent_done", "agent_done", "token", "done"]


def test_a_stored_failure_is_a_problem() -> None:
    error = {"code": "upstream_error", "status": 502, "detail": "It failed."}
    name, problem = rebuilt(stored(content="", status="failed", receipt={"error": error}))[-1]
    assert (name, problem["type"], problem["status"]) == ("error", "urn:aether:problem:upstream_error", 502)
    assert set(problem) >= {"title", "detail", "code"}


@pytest.mark.parametrize("status", ["pending", "interrupted"])
def test_an_answer_that_a_crash_left_open_is_not_done(status: str) -> None:
    name, problem = rebuilt(stored(content="", status=status, receipt=None))[-1]
    assert (name, problem["code"]) == ("error", "stream_interrupted")


async def test_what_the_log_cannot_tell_is_read_from_the_message(ai: Ai, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(user_id: str, stream_id: str, after: int = 0) -> AsyncIterator[object]:
        raise CacheUnavailable("away")
        yield

    ai.store.messages.append(stored())
    monkeypatch.setattr(ai.streams, "read", away)
    events = [event async for batch in ai.service.reread(ADA, OpenedStream("str", "msg")) for event in batch]
    assert [event.event for event in events] == ["metadata", "token", "done"]
    assert orjson.loads(events[1].data)["content"] == "Whole."
