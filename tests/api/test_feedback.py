"""What users think of answers: kept with the message, changed, taken back."""

from datetime import timedelta

import httpx
import pytest

from backend.services.repositories.feedback import AdminFeedbackRepository
from tests.support.chat import Chat, Json

pytestmark = pytest.mark.shared_database


async def rate(chat: Chat, message_id: str, **body: object) -> httpx.Response:
    path = f"/api/messages/{message_id}/feedback"
    return await chat.served.client.put(path, headers=chat.account.headers, json=body)


async def withdraw(chat: Chat, message_id: str) -> int:
    path = f"/api/messages/{message_id}/feedback"
    return (await chat.served.client.delete(path, headers=chat.account.headers)).status_code


async def test_a_verdict_is_with_its_message_until_it_is_taken_back(chat: Chat) -> None:
    reply = await chat.ask("How do I reverse a list in Python?", agent_type="dev")
    answer = reply["message_id"]
    first = (await rate(chat, answer, rating="down", comment="  Too long. ")).json()
    assert (first["rating"], first["comment"]) == ("down", "Too long.")
    second = (await rate(chat, answer, rating="up")).json()
    assert (second["rating"], second["comment"]) == ("up", None)
    question, stored = await chat.messages(reply["conversation_id"])
    assert question["feedback"] is None
    assert stored["feedback"] == second
    assert [await withdraw(chat, answer), await withdraw(chat, answer)] == [204, 204]
    assert (await chat.messages(reply["conversation_id"]))[1]["feedback"] is None


async def test_it_is_noted_who_gave_the_answer(chat: Chat) -> None:
    dev = await chat.ask("How do I reverse a list in Python?", agent_type="dev")
    team = await chat.ask("Plan a login page", "chat/multi-agent", agents=["dev", "luna"])
    for reply in (dev, team):
        assert (await rate(chat, reply["message_id"], rating="up")).status_code == 200
    assert chat.served.services is not None
    database = chat.served.services.database
    found = await AdminFeedbackRepository(database).tallies(database.now().date() - timedelta(days=1))
    assert {(tally.agent, tally.model) for tally in found} == {
        ("dev", dev["model_used"]),
        ("team", team["synthesis_model"]),
    }


async def test_only_answers_are_judged_and_not_those_of_deleted_conversations(chat: Chat) -> None:
    reply = await chat.ask("How do I reverse a list in Python?", "chat/quick")
    question, answer = await chat.messages(reply["conversation_id"])
    assert (await rate(chat, question["id"], rating="up")).status_code == 404
    path = f"/api/conversations/{reply['conversation_id']}"
    await chat.served.client.delete(path, headers=chat.account.headers)
    assert (await rate(chat, answer["id"], rating="up")).status_code == 404
    assert await withdraw(chat, answer["id"]) == 404


@pytest.mark.parametrize(
    "body", [{}, {"rating": "meh"}, {"rating": "up", "comment": "x" * 2001}, {"rating": "up", "comment": " "}]
)
async def test_a_verdict_is_up_or_down_and_its_comment_short(chat: Chat, body: Json) -> None:
    reply = await chat.ask("How do I reverse a list in Python?", "chat/quick")
    assert (await rate(chat, reply["message_id"], **body)).status_code == 422
