"""The turn log: what is stored, once, whatever is repeated, refused or abandoned."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.daily_usage import DailyUsage, total
from backend.errors import AetherError, Conflict, NotFound
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.messages import MessageRepository
from backend.services.repositories.usage import UsageRepository
from backend.services.scalable_database import ScalableDatabase
from backend.services.turn_log import TurnLog
from tests.support.database.opening import started
from tests.support.database.turns import BASELINE, COST, MODEL, NOW, make_call, make_outcome, make_turn

LATER = NOW + timedelta(minutes=10)


async def counted(database: ScalableDatabase, user_id: str = "user_ada") -> DailyUsage:
    return total(await UsageRepository(database).daily(user_id, NOW.date() - timedelta(days=400)))


async def ledger_cost(database: ScalableDatabase, user_id: str = "user_ada") -> tuple[int, int, int]:
    found = await UsageRepository(database).ledger(user_id, NOW - timedelta(days=400))
    return found.calls, found.cost, found.unpriced


async def test_question_is_stored_before_the_answer(database: ScalableDatabase) -> None:
    turn = make_turn()
    async with started(database) as log:
        await log.open(turn)
    question, answer = await MessageRepository(database).recent("user_ada", turn.conversation_id, 10)
    assert (question.content, question.status) == (turn.content, "complete")
    assert (answer.content, answer.status, answer.agent) == ("", "pending", "dev")
    assert await counted(database) == DailyUsage("", "", "")


async def test_repeated_calls_change_nothing(database: ScalableDatabase) -> None:
    turn, outcome = make_turn(), make_outcome(make_call())
    async with started(database) as log:
        for _ in range(2):
            await log.open(turn)
        for _ in range(2):
            await log.close(turn, outcome)
        await log.record(turn, outcome)
    conversation = await ConversationRepository(database).get("user_ada", turn.conversation_id)
    assert conversation is not None
    assert conversation.message_count == 2
    usage = await counted(database)
    assert (usage.requests, usage.calls, usage.cost) == (1, 1, COST)
    assert await ledger_cost(database) == (1, COST, 0)


async def test_request_id_of_another_turn_is_a_conflict_for_its_caller_only(database: ScalableDatabase) -> None:
    first = make_turn()
    async with started(database) as log:
        await log.open(first)
        second = make_turn(request_id=first.request_id)
        others = [make_turn() for _ in range(20)]
        results = await asyncio.gather(*(log.open(turn) for turn in [*others, second]), return_exceptions=True)
    assert isinstance(results[-1], Conflict)
    assert results[:-1] == [None] * 20
    conversations, _ = await ConversationRepository(database).page("user_ada", 100)
    assert {row.id for row in conversations} == {turn.conversation_id for turn in [first, *others]}


async def test_message_id_that_is_taken_is_a_conflict_for_its_caller_only(database: ScalableDatabase) -> None:
    """Nothing that judgement reads explains it: the batch is divided until the culprit stands alone."""
    first = make_turn()
    async with started(database) as log:
        await log.open(first)
        culprit = make_turn(user_message_id=first.user_message_id)
        others = [make_turn() for _ in range(5)]
        results = await asyncio.gather(*(log.open(turn) for turn in [culprit, *others]), return_exceptions=True)
    assert isinstance(results[0], Conflict)
    assert results[1:] == [None] * 5


async def test_turn_that_cannot_be_stored_fails_alone(database: ScalableDatabase) -> None:
    turns = [make_turn() for _ in range(8)]
    receipts = [{"tokens": 1}] * 3 + [{"tokens": 2**70}] + [{"tokens": 1}] * 4
    async with started(database) as log:
        await asyncio.gather(*(log.open(turn) for turn in turns))
        results = await asyncio.gather(
            *(
                log.close(turn, make_outcome(make_call(), receipt=receipt))
                for turn, receipt in zip(turns, receipts, strict=True)
            ),
            return_exceptions=True,
        )
    assert isinstance(results.pop(3), OverflowError)
    assert results == [None] * 7
    assert (await counted(database)).calls == 7


async def test_turn_of_a_deleted_conversation_is_not_found(database: ScalableDatabase) -> None:
    first, other = make_turn(), make_turn()
    async with started(database) as log:
        await log.record(first, make_outcome())
        await ConversationRepository(database).purge("user_ada", first.conversation_id)
        late = make_turn(conversation_id=first.conversation_id)
        foreign = make_turn("user_eve", conversation_id=first.conversation_id)
        results = await asyncio.gather(log.open(late), log.open(other), log.open(foreign), return_exceptions=True)
    assert isinstance(results[0], NotFound)
    assert results[1] is None
    assert isinstance(results[2], NotFound)
    assert await ConversationRepository(database).get("user_ada", first.conversation_id) is None
    assert await MessageRepository(database).recent("user_ada", first.conversation_id, 10) == []


async def test_turn_in_another_users_conversation_is_not_found(database: ScalableDatabase) -> None:
    turn = make_turn()
    async with started(database) as log:
        await log.open(turn)
        with pytest.raises(NotFound):
            await log.open(make_turn("user_eve", conversation_id=turn.conversation_id))


async def test_conversation_deleted_in_mid_turn_stays_deleted_and_is_billed(database: ScalableDatabase) -> None:
    turn, outcome = make_turn(), make_outcome(make_call())
    async with started(database) as log:
        await log.open(turn)
        await ConversationRepository(database).purge("user_ada", turn.conversation_id)
        for _ in range(2):
            await log.close(turn, outcome)
    assert await ConversationRepository(database).get("user_ada", turn.conversation_id) is None
    assert await MessageRepository(database).recent("user_ada", turn.conversation_id, 10) == []
    assert await ledger_cost(database) == (1, COST, 0)
    usage = await counted(database)
    assert (usage.requests, usage.calls, usage.cost) == (1, 1, COST)


async def test_reused_answer_counts_as_cached_under_its_model(database: ScalableDatabase) -> None:
    async with started(database) as log:
        await log.record(make_turn(), make_outcome(cached=True, baseline=BASELINE))
    (row,) = await UsageRepository(database).daily("user_ada", NOW.date())
    assert (row.model, row.agent) == (MODEL, "dev")
    assert (row.requests, row.cached_requests, row.calls, row.cost, row.baseline) == (1, 1, 0, 0, BASELINE)


async def test_team_counts_its_request_once_and_its_calls_by_agent(database: ScalableDatabase) -> None:
    turn = make_turn(agent="team")
    calls = [make_call(number, agent=agent, purpose="agent") for number, agent in enumerate(("dev", "luna", "atlas"))]
    calls.append(make_call(3, agent="team", model="large", purpose="synthesis"))
    responses = tuple({"agent_type": agent, "response": "…"} for agent in ("dev", "luna", "atlas"))
    async with started(database) as log:
        await log.open(turn)
        await log.close(turn, make_outcome(*calls, responses=responses))
    rows = {row.agent: row for row in await UsageRepository(database).daily("user_ada", NOW.date())}
    assert {agent: (row.model, row.requests, row.calls) for agent, row in rows.items()} == {
        "dev": (MODEL, 0, 1),
        "luna": (MODEL, 0, 1),
        "atlas": (MODEL, 0, 1),
        "team": ("large", 1, 1),
    }
    assert await ledger_cost(database) == (4, 4 * COST, 0)
    answer = await MessageRepository(database).get("user_ada", turn.message_id)
    assert answer is not None
    assert answer.responses == responses


async def test_regeneration_adds_an_answer_to_the_stored_question(database: ScalableDatabase) -> None:
    first = make_turn()
    again = make_turn(
        conversation_id=first.conversation_id,
        user_message_id=first.user_message_id,
        parent_id=first.user_message_id,
        content=None,
    )
    async with started(database) as log:
        await log.record(first, make_outcome(make_call()))
        await log.open(again)
        await log.close(again, make_outcome(make_call()))
    messages = await MessageRepository(database).recent("user_ada", first.conversation_id, 10)
    assert [message.parent_id for message in messages] == [None, first.user_message_id, first.user_message_id]
    conversation = await ConversationRepository(database).get("user_ada", first.conversation_id)
    assert conversation is not None
    assert (conversation.message_count, conversation.last_message_id) == (3, again.message_id)


async def test_a_conversation_goes_on_from_its_newest_branch(database: ScalableDatabase) -> None:
    first = make_turn()
    branch = make_turn(conversation_id=first.conversation_id, parent_id=first.message_id)
    async with started(database) as log:
        await log.record(first, make_outcome())
        await log.record(branch, make_outcome())
    conversation = await ConversationRepository(database).get("user_ada", first.conversation_id)
    assert conversation is not None
    assert (conversation.message_count, conversation.last_message_id) == (4, branch.message_id)


async def test_sweep_marks_once_what_a_crash_left_open(database: ScalableDatabase) -> None:
    left, closed, young = make_turn(), make_turn(), make_turn(expires_at=LATER + timedelta(hours=1))
    async with started(database) as log:
        for turn in (left, closed, young):
            await log.open(turn)
        await log.close(closed, make_outcome(make_call()))
        assert await log.sweep(NOW) == 0
        assert await log.sweep(LATER) == 1
        assert await log.sweep(LATER) == 0
    messages = MessageRepository(database)
    statuses = [await messages.get("user_ada", turn.message_id) for turn in (left, closed, young)]
    assert [message and message.status for message in statuses] == ["interrupted", "complete", "pending"]
    assert await ledger_cost(database) == (2, COST, 1)
    usage = await counted(database)
    assert (usage.requests, usage.calls, usage.unpriced, usage.cost) == (2, 2, 1, COST)


async def test_two_sweeps_at_once_count_once(database: ScalableDatabase) -> None:
    async with started(database) as log:
        await asyncio.gather(*(log.open(make_turn()) for _ in range(30)))
        marked = await asyncio.gather(*(log.sweep(LATER) for _ in range(4)))
    assert sum(marked) == 30
    assert await ledger_cost(database) == (30, 0, 30)
    assert (await counted(database)).unpriced == 30


@pytest.mark.parametrize("deleted", [False, True])
async def test_close_after_the_sweep_replaces_the_guess(database: ScalableDatabase, deleted: bool) -> None:
    turn, outcome = make_turn(), make_outcome(make_call(), make_call(1))
    async with started(database) as log:
        await log.open(turn)
        await log.sweep(LATER)
        if deleted:
            await ConversationRepository(database).purge("user_ada", turn.conversation_id)
        for _ in range(2):
            await log.close(turn, outcome)
        assert await log.sweep(LATER) == 0
    assert await ledger_cost(database) == (2, 2 * COST, 0)
    usage = await counted(database)
    assert (usage.requests, usage.calls, usage.unpriced, usage.cost) == (1, 2, 0, 2 * COST)
    answer = await MessageRepository(database).get("user_ada", turn.message_id)
    assert (answer and answer.status) == (None if deleted else "complete")


async def test_failed_turn_keeps_the_question_and_what_was_paid(database: ScalableDatabase) -> None:
    turn = make_turn()
    failed = make_outcome(make_call(outcome="failed"), status="failed", content="", receipt={"error": {"code": "x"}})
    async with started(database) as log:
        await log.open(turn)
        await log.close(turn, failed)
    question, answer = await MessageRepository(database).recent("user_ada", turn.conversation_id, 10)
    assert question.content == turn.content
    assert (answer.status, answer.content) == ("failed", "")
    assert await ledger_cost(database) == (1, COST, 0)


async def test_cancelled_caller_has_its_write(database: ScalableDatabase) -> None:
    turn = make_turn()
    async with started(database) as log:
        opening = asyncio.create_task(log.open(turn))
        await asyncio.sleep(0)  # it is submitted, and not yet acknowledged
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert await MessageRepository(database).get("user_ada", turn.message_id) is not None


async def test_stopped_log_has_stored_everything_and_accepts_nothing(database: ScalableDatabase) -> None:
    log = TurnLog(database, batch_max=3)
    await log.start()
    turns = [make_turn() for _ in range(10)]
    openings = [asyncio.create_task(log.open(turn)) for turn in turns]
    await asyncio.sleep(0)
    await log.stop()
    await asyncio.gather(*openings)
    assert len((await ConversationRepository(database).page("user_ada", 100))[0]) == 10
    with pytest.raises(AetherError, match="stopping"):
        await log.open(make_turn())


async def test_full_queue_refuses(database: ScalableDatabase) -> None:
    log = TurnLog(database, queue_max=2)
    await log.start()
    results = await asyncio.gather(*(log.open(make_turn()) for _ in range(5)), return_exceptions=True)
    await log.stop()
    assert [getattr(result, "code", None) for result in results] == [
        None,
        None,
        "overloaded",
        "overloaded",
        "overloaded",
    ]


async def test_many_turns_of_few_users_add_up(database: ScalableDatabase) -> None:
    async def chat(log: TurnLog, user_id: str, turns: int) -> None:
        conversation_id: str | None = None
        for _ in range(turns):
            turn = make_turn(user_id, conversation_id)
            await log.open(turn)
            await log.close(turn, make_outcome(make_call()))
            conversation_id = turn.conversation_id

    async with started(database) as log:
        await asyncio.gather(*(chat(log, f"user_{number % 3}", 5) for number in range(9)))
    for number in range(3):
        usage = await counted(database, f"user_{number}")
        assert (usage.requests, usage.calls, usage.cost) == (15, 15, 15 * COST)
        assert await ledger_cost(database, f"user_{number}") == (15, 15 * COST, 0)
        conversations, _ = await ConversationRepository(database).page(f"user_{number}", 10)
        assert [conversation.message_count for conversation in conversations] == [10, 10, 10]


async def test_outcome_can_be_replaced_by_its_own_repetition_only(database: ScalableDatabase) -> None:
    """A second, different close of one turn is a repetition: the first stands."""
    turn = make_turn()
    async with started(database) as log:
        await log.open(turn)
        await log.close(turn, make_outcome(make_call()))
        await log.close(turn, replace(make_outcome(make_call(cost=1)), content="other"))
    answer = await MessageRepository(database).get("user_ada", turn.message_id)
    assert answer is not None
    assert answer.content == make_outcome().content
    assert await ledger_cost(database) == (1, COST, 0)
