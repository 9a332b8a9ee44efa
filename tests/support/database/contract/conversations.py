"""Conversations, messages and usage as the turn log leaves them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from backend.errors import InvalidInput
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.usage import AdminUsageRepository, UsageRepository
from backend.services.scalable_database import ScalableDatabase
from tests.support.database.opening import started
from tests.support.database.turns import BASELINE, COST, MODEL, NOW, make_call, make_outcome, make_turn


async def test_turn_becomes_a_conversation_with_two_messages(database: ScalableDatabase) -> None:
    turn = make_turn()
    async with started(database) as log:
        await log.open(turn)
        await log.close(turn, make_outcome(make_call()))
    conversation = await ConversationRepository(database).get("user_ada", turn.conversation_id)
    assert conversation is not None
    assert (conversation.title, conversation.agent_type, conversation.message_count) == (turn.title, "dev", 2)
    assert conversation.last_message_id == turn.message_id
    messages, following = await MessageRepository(database).page("user_ada", turn.conversation_id, 10)
    assert following is None
    assert [(message.role, message.status) for message in messages] == [("user", "complete"), ("assistant", "complete")]
    question, answer = messages
    assert question.content == "What is a keyset?"
    assert question.parent_id is None
    assert answer.parent_id == question.id == turn.user_message_id
    assert answer.receipt == make_outcome().receipt
    assert await MessageRepository(database).get("user_ada", turn.message_id) == answer


async def test_nothing_of_another_user_is_found(database: ScalableDatabase) -> None:
    turn = make_turn()
    async with started(database) as log:
        await log.record(turn, make_outcome())
    conversations, messages = ConversationRepository(database), MessageRepository(database)
    assert await conversations.get("user_eve", turn.conversation_id) is None
    assert await conversations.page("user_eve", 10) == ([], None)
    assert await messages.page("user_eve", turn.conversation_id, 10) == ([], None)
    assert await messages.recent("user_eve", turn.conversation_id, 10) == []
    assert await messages.get("user_eve", turn.message_id) is None
    assert not await conversations.purge("user_eve", turn.conversation_id)
    assert await UsageRepository(database).daily("user_eve", NOW.date()) == []
    assert await conversations.get("user_ada", turn.conversation_id) is not None


async def test_conversations_are_paged_latest_first_without_gap_or_repetition(database: ScalableDatabase) -> None:
    turns = [make_turn(created_at=NOW + timedelta(seconds=number // 3)) for number in range(10)]
    async with started(database) as log:
        for turn in turns:
            await log.open(turn)
    repository = ConversationRepository(database)
    seen: list[str] = []
    cursor: str | None = None
    for expected in (4, 4, 2):
        page, cursor = await repository.page("user_ada", 4, cursor)
        assert len(page) == expected
        seen.extend(conversation.id for conversation in page)
    assert cursor is None
    in_order = sorted(turns, key=lambda turn: (turn.created_at, turn.conversation_id), reverse=True)
    assert seen == [turn.conversation_id for turn in in_order]
    assert await repository.page("user_ada", 4, archived=True) == ([], None)


async def test_conversations_are_listed_by_what_their_owner_made_of_them(database: ScalableDatabase) -> None:
    turns = [make_turn(created_at=NOW + timedelta(seconds=number)) for number in range(4)]
    async with started(database) as log:
        for turn in turns:
            await log.open(turn)
    ids = [turn.conversation_id for turn in turns]
    repository = ConversationRepository(database)
    await repository.change("user_ada", ids[0], {"pinned": True})
    await repository.change("user_ada", ids[1], {"archived": True, "title": "Put away"})
    assert await repository.change("user_eve", ids[2], {"pinned": True}) is None
    assert await listed(repository) == [ids[3], ids[2], ids[0]]
    assert await listed(repository, pinned=True) == [ids[0]]
    assert await listed(repository, pinned=False) == [ids[3], ids[2]]
    assert await listed(repository, archived=True) == [ids[1]]
    assert await listed(repository, archived=True, pinned=True) == []
    changed = await repository.change("user_ada", ids[1], {})
    assert changed is not None
    assert (changed.title, changed.archived, changed.preview) == ("Put away", True, "What is a keyset?")


async def listed(
    repository: ConversationRepository, *, archived: bool = False, pinned: bool | None = None
) -> list[str]:
    page, _ = await repository.page("user_ada", 10, archived=archived, pinned=pinned)
    return [conversation.id for conversation in page]


async def test_messages_are_paged_both_ways(database: ScalableDatabase) -> None:
    first = make_turn()
    turns = [first, *(make_turn(conversation_id=first.conversation_id) for _ in range(4))]
    async with started(database) as log:
        for number, turn in enumerate(turns):
            # Two turns share each instant: the order then rests on _id.
            later = timedelta(seconds=number // 2)
            await log.record(replace(turn, created_at=NOW + later), make_outcome())
    repository = MessageRepository(database)
    forward = await _walk(repository, first.conversation_id, newest_first=False)
    assert len(forward) == len(set(forward)) == 10
    assert await _walk(repository, first.conversation_id, newest_first=True) == forward[::-1]
    recent = await repository.recent("user_ada", first.conversation_id, 3)
    assert [message.id for message in recent] == forward[-3:]


async def _walk(repository: MessageRepository, conversation_id: str, *, newest_first: bool) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await repository.page("user_ada", conversation_id, 3, cursor, newest_first=newest_first)
        seen.extend(message.id for message in page)
        if cursor is None:
            return seen


@pytest.mark.parametrize(
    "cursor", ["", "x", "$gt", '{"$gt":""}', "AAAA", "MTIzLmFi", "é", "A" * 500, "OTk5OTk5OTk5OTk5OTkuYQ"]
)
async def test_foreign_cursor_is_refused(database: ScalableDatabase, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        await MessageRepository(database).page("user_ada", "conv_1", 10, cursor)


async def test_deleted_conversation_takes_its_messages_and_leaves_the_ledger(database: ScalableDatabase) -> None:
    turn, other = make_turn(), make_turn()
    async with started(database) as log:
        await log.record(turn, make_outcome(make_call()))
        await log.record(other, make_outcome(make_call()))
    conversations, messages = ConversationRepository(database), MessageRepository(database)
    assert await conversations.purge("user_ada", turn.conversation_id)
    assert not await conversations.purge("user_ada", turn.conversation_id)
    assert await messages.page("user_ada", turn.conversation_id, 10) == ([], None)
    assert len((await messages.page("user_ada", other.conversation_id, 10))[0]) == 2
    ledger = await UsageRepository(database).ledger("user_ada", NOW - timedelta(days=1))
    assert (ledger.calls, ledger.cost) == (2, 2 * COST)


async def test_usage_is_counted_by_day_model_and_agent(database: ScalableDatabase) -> None:
    yesterday = NOW - timedelta(days=1)
    async with started(database) as log:
        await log.record(make_turn(), make_outcome(make_call()))
        await log.record(make_turn(), make_outcome(make_call(), make_call(1, cost=None, estimated=True)))
        old = make_outcome(make_call(timestamp=yesterday), finished_at=yesterday)
        await log.record(make_turn(created_at=yesterday), old)
        await log.record(make_turn("user_eve"), make_outcome(make_call()))
    rows = await UsageRepository(database).daily("user_ada", yesterday.date())
    assert [row.day for row in rows] == ["2026-11-22", "2026-11-21"]
    today = rows[0]
    assert (today.model, today.agent) == (MODEL, "dev")
    assert (today.requests, today.cached_requests, today.calls) == (2, 0, 3)
    assert (today.prompt, today.cached_prompt, today.completion, today.reasoning) == (300, 120, 150, 30)
    assert (today.cost, today.baseline, today.unpriced, today.estimated) == (2 * COST, 3 * BASELINE, 1, 1)
    assert today.response_time_s == 2.0
    assert len(await UsageRepository(database).daily("user_ada", NOW.date())) == 1
    totals = await AdminUsageRepository(database).totals(date(2026, 11, 22))
    assert [(row.agent, row.requests, row.cost) for row in totals] == [("dev", 3, 3 * COST)]


async def test_analytics_cover_the_days_asked_for(database: ScalableDatabase) -> None:
    database.now = lambda: NOW
    async with started(database) as log:
        for age in (0, 6, 7):
            at = NOW - timedelta(days=age)
            await log.record(make_turn(created_at=at), make_outcome(make_call(timestamp=at), finished_at=at))
    week = await database.get_analytics_data("user_ada", 7)
    assert (week.period_days, len(week.rows), week.total.cost, week.total.requests) == (7, 2, 2 * COST, 2)
    assert (await database.get_analytics_data("user_ada", 8)).total.cost == 3 * COST
