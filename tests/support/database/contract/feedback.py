"""Verdicts on answers: one for each user and answer, gone with the conversation, counted without names."""

from dataclasses import replace
from datetime import date, timedelta

from backend.domain.feedback import Feedback, Verdicts
from backend.services.repositories.conversations import ConversationRepository
from backend.services.repositories.feedback import AdminFeedbackRepository, FeedbackRepository, Tally
from backend.services.repositories.personal_data import HOLDINGS, PersonalDataRepository
from backend.services.scalable_database import ScalableDatabase
from tests.support.database.opening import started
from tests.support.database.turns import MODEL, NOW, make_call, make_outcome, make_turn


def make_feedback(user_id: str = "user_ada", message_id: str = "msg_1", **changes: object) -> Feedback:
    feedback = Feedback(user_id, message_id, "conv_1", "up", "Clear.", "dev", MODEL, NOW)
    return replace(feedback, **changes)  # type: ignore[arg-type]


async def test_a_verdict_replaces_the_one_before_and_is_the_users_own(database: ScalableDatabase) -> None:
    verdicts = FeedbackRepository(database)
    await verdicts.put(make_feedback())
    second = make_feedback(rating="down", comment=None)
    await verdicts.put(second)
    await verdicts.put(make_feedback("user_eve"))
    assert await verdicts.of_messages("user_ada", ["msg_1", "msg_2"]) == {"msg_1": second}
    assert await verdicts.of_messages("user_ada", []) == {}
    assert not await verdicts.remove("user_bob", "msg_1")
    assert await verdicts.remove("user_ada", "msg_1")
    assert not await verdicts.remove("user_ada", "msg_1")
    assert await verdicts.of_messages("user_ada", ["msg_1"]) == {}
    assert list(await verdicts.of_messages("user_eve", ["msg_1"])) == ["msg_1"]


async def test_verdicts_are_counted_by_day_agent_and_model(database: ScalableDatabase) -> None:
    verdicts = FeedbackRepository(database)
    for number in range(3):
        await verdicts.put(make_feedback(message_id=f"msg_{number}"))
    await verdicts.put(make_feedback("user_eve", rating="down"))
    await verdicts.put(make_feedback(message_id="msg_x", agent="luna", rated_at=NOW - timedelta(days=1)))
    await verdicts.put(make_feedback(message_id="msg_y", rated_at=NOW - timedelta(days=9)))
    found = await AdminFeedbackRepository(database).tallies(date(2026, 11, 21))
    assert sorted(found, key=lambda tally: tally.day) == [
        Tally("2026-11-21", "luna", MODEL, Verdicts(1, 0)),
        Tally("2026-11-22", "dev", MODEL, Verdicts(3, 1)),
    ]


async def test_verdicts_go_with_their_conversation(database: ScalableDatabase) -> None:
    verdicts, turn = FeedbackRepository(database), make_turn()
    async with started(database) as log:
        await log.record(turn, make_outcome(make_call()))
    await verdicts.put(make_feedback(message_id=turn.message_id, conversation_id=turn.conversation_id))
    await verdicts.put(make_feedback("user_eve", conversation_id=turn.conversation_id))
    assert await ConversationRepository(database).purge("user_ada", turn.conversation_id)
    assert await verdicts.of_messages("user_ada", [turn.message_id]) == {}
    assert list(await verdicts.of_messages("user_eve", ["msg_1"])) == ["msg_1"]


async def test_an_export_has_all_verdicts_however_many(database: ScalableDatabase) -> None:
    for number in range(7):
        await FeedbackRepository(database).put(make_feedback(message_id=f"msg_{number}"))
    [holding] = [holding for holding in HOLDINGS if holding.collection == "feedback"]
    data = PersonalDataRepository(database, batch=3)
    rows = [row async for batch in data.export("user_ada", holding) for row in batch]
    assert [row["message_id"] for row in rows] == [f"msg_{number}" for number in range(7)]
    assert {row["comment"] for row in rows} == {"Clear."}
